;; A version that nobody speaks.
;; grant: [{"inline":["weave-net"]}]
;; 1: 9.9.9
(data (i32.const 2048) "{\"cniVersion\":\"9.9.9\",\"name\":\"x\",\"type\":\"weave-net\"}")
(func $select (param i32) (result i32)
  (call $source (i32.const 0) (i32.const 2) (i32.const 2048) (i32.const 52))
  (call $plan (i32.const 1)))

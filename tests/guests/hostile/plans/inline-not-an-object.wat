;; A configuration that is a list.
;; grant: [{"inline":["weave-net"]}]
;; 6: expected an object, found a list
(data (i32.const 2048) "[{\"type\":\"weave-net\"}]")
(func $select (param i32) (result i32)
  (call $source (i32.const 0) (i32.const 2) (i32.const 2048) (i32.const 22))
  (call $plan (i32.const 1)))

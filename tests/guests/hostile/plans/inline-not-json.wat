;; A configuration that is no JSON.
;; grant: [{"inline":["weave-net"]}]
;; 7: not JSON
(data (i32.const 2048) "{\"type\":")
(func $select (param i32) (result i32)
  (call $source (i32.const 0) (i32.const 2) (i32.const 2048) (i32.const 8))
  (call $plan (i32.const 1)))

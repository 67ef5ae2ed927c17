;; A type with a NUL, where a C program would stop.
;; grant: [{"inline":["weave-net\u0000x"]}]
;; 999: failed to find plugin
(data (i32.const 2048) "{\"cniVersion\":\"1.0.0\",\"name\":\"x\",\"type\":\"weave-net\\u0000x\"}")
(func $select (param i32) (result i32)
  (call $source (i32.const 0) (i32.const 2) (i32.const 2048) (i32.const 59))
  (call $plan (i32.const 1)))

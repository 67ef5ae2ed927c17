;; An interface name with the end of a line.
;; 4: interface name
(data (i32.const 2048) "net1\0a")
(func $select (param i32) (result i32)
  (call $weave (i32.const 0))
  (call $option (i32.const 0) (i32.const 20) (i32.const 2048) (i32.const 5))
  (call $plan (i32.const 1)))

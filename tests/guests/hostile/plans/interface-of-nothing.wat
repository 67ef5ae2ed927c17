;; An interface name of nothing.
;; 4: interface name
(data (i32.const 2048) "")
(func $select (param i32) (result i32)
  (call $weave (i32.const 0))
  (call $option (i32.const 0) (i32.const 20) (i32.const 2048) (i32.const 0))
  (call $plan (i32.const 1)))

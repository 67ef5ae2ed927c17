;; Two networks on one interface.
;; 7: interface net1 is asked for twice
(data (i32.const 2048) "net1")
(func $select (param i32) (result i32)
  (call $weave (i32.const 0))
  (call $weave (i32.const 1))
  (call $option (i32.const 0) (i32.const 20) (i32.const 2048) (i32.const 4))
  (call $option (i32.const 1) (i32.const 20) (i32.const 2048) (i32.const 4))
  (call $plan (i32.const 2)))

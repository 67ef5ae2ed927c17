;; An interface that is neither there nor not.
;; 103: invalid option discriminant
(func $select (param i32) (result i32)
  (call $weave (i32.const 0))
  (call $option (i32.const 0) (i32.const 20) (i32.const 1024) (i32.const 5))
  (i32.store8 (i32.add (call $attachment (i32.const 0)) (i32.const 20)) (i32.const 9))
  (call $plan (i32.const 1)))

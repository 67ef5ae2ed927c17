;; A plan of nothing.
;; 103: its plan is empty
(func $select (param i32) (result i32)
  
  (call $plan (i32.const 0)))

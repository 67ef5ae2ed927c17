;; Neither a plan nor a pass.
;; 103: unexpected discriminant: 7
(func $select (param i32) (result i32)
  (i32.store8 (i32.const 132) (i32.const 7))
  (i32.const 128))

;; Refuses in a way that there is not.
;; 103: unexpected discriminant: 200
(func $select (param i32) (result i32)
  (i32.store8 (i32.const 128) (i32.const 1))
  (i32.store8 (i32.const 132) (i32.const 200))
  (i32.const 128))

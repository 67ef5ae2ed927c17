;; Neither an answer nor a refusal.
;; 103: invalid expected discriminant
(func $select (param i32) (result i32)
  (i32.store8 (i32.const 128) (i32.const 2))
  (i32.const 128))

;; A module that was not made for components at all.
;; 103: cannot be made a component
(module
  (func (export "select") (result i32) (i32.const 0)))

;; A module that was not made for components at all.
;; 103: it exports nothing, and not genie:selector/select@0.1.0
(module
  (func (export "select") (result i32) (i32.const 0)))

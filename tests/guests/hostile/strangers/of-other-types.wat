;; Functions of the right names, and of other types.
;; 103: expected `record` found `u32`
(component
  (core module $m (func (export "f") (result i32) (i32.const 0)))
  (core instance $i (instantiate $m))
  (func $f (result u32) (canon lift (core func $i "f")))
  (instance $s (export "describe" (func $f)) (export "select" (func $f)))
  (export "genie:selector/select@0.1.0" (instance $s)))

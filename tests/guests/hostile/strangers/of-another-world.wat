;; A component of another world: a command of WASI.
;; 103: it exports wasi:cli/run@0.2.0, and not genie:selector/select@0.1.0
(component
  (core module $m (func (export "run") (result i32) (i32.const 0)))
  (core instance $i (instantiate $m))
  (func $run (result (result)) (canon lift (core func $i "run")))
  (instance $r (export "run" (func $run)))
  (export "wasi:cli/run@0.2.0" (instance $r)))

;; Calls a function as what it is not.
;; 103: trapped: wasm trap: indirect call type mismatch
(type $step (func (result i64)))
(table 1 funcref)
(elem (i32.const 0) $plan)
(func $select (param i32) (result i32)
  (i32.wrap_i64 (call_indirect (type $step) (i32.const 0))))

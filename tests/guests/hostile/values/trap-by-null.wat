;; Calls a function that is not there.
;; 103: trapped: wasm trap: uninitialized element
(type $step (func (result i32)))
(table 1 funcref)
(func $select (param i32) (result i32)
  (call_indirect (type $step) (i32.const 0)))

;; Never ends: through a table, and nothing in it looks like a loop.
;; 103: ran out of its fuel limit of 50000000
(type $step (func (result i32)))
(table $steps 1 funcref)
(elem (i32.const 0) $step)
(func $step (type $step)
  (return_call_indirect (type $step) (i32.const 0)))
(func $select (param i32) (result i32)
  (call $step))

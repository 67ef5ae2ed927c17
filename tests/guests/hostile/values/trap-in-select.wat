;; Traps: select.
;; 103: panicked, and logged no error before
(func $select (param i32) (result i32)
  (unreachable))

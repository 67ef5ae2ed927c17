;; The same with a table.
;; 103: ran out of its fuel limit of 50000000
(table $table 90000 funcref)
(func $select (param i32) (result i32)
  (loop $again
    (table.fill $table (i32.const 0) (ref.null func) (i32.const 90000))
    (br $again))
  (unreachable))

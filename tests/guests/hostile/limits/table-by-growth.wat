;; Grows a table without end.
;; 103: went over the limit of 100000 table elements
(table $table 1 funcref)
(func $select (param i32) (result i32)
  (loop $again
    (br_if $again (i32.gt_s (table.grow $table (ref.null func) (i32.const 1000)) (i32.const 0))))
  (unreachable))

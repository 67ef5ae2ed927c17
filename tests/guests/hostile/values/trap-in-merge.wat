;; Traps: merge.
;; 103: panicked, and logged no error before
(func $merge (param i32) (result i32)
  (unreachable))

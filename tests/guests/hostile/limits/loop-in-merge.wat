;; Never ends: merge.
;; 103: ran out of its fuel limit of 50000000
(func $merge (param i32) (result i32)
  (loop $again (br $again))
  (unreachable))

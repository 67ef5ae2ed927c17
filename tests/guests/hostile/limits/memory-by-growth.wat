;; Grows its memory a page at a time, and writes on each.
;; 103: went over its memory limit of 64Mi
(func $select (param i32) (result i32)
  (loop $again
    (i32.store8 (i32.sub (i32.mul (memory.size) (i32.const 65536)) (i32.const 1)) (i32.const 1))
    (br_if $again (i32.gt_s (memory.grow (i32.const 1)) (i32.const 0))))
  (unreachable))

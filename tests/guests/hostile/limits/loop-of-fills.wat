;; Few instructions, much work: fills a megabyte again and again. What it fills counts.
;; 103: ran out of its fuel limit of 50000000
(memory $memory 32)
(func $select (param i32) (result i32)
  (loop $again
    (memory.fill (i32.const 65536) (i32.const 1) (i32.const 1048576))
    (br $again))
  (unreachable))

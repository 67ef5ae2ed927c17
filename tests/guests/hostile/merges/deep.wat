;; Half a million opening brackets.
;; 6: recursion limit
(memory $memory 64)
(func $merge (param i32) (result i32)
  (memory.fill (i32.const 1048576) (i32.const 91) (i32.const 500000))
  (call $merged (i32.const 1048576) (i32.const 500000)))

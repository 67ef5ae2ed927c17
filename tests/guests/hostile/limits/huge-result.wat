;; Merges to a result of 2 MB.
;; 103: limits.output_bytes
(memory $memory 256)
(func $merge (param i32) (result i32)
  (call $merged (i32.const 1048576) (i32.const 2000000)))

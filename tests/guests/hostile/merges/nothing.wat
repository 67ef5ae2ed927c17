;; An empty text.
;; 6: the merged result
(data (i32.const 2048) "")
(func $merge (param i32) (result i32)
  (call $merged (i32.const 2048) (i32.const 0)))

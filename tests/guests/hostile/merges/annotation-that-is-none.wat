;; An annotation whose key the API server refuses.
;; grant: [{"annotations":["*"]}]
;; 103: cannot be published
(data (i32.const 2048) "{\"cniVersion\":\"1.1.0\"}")
(data (i32.const 2176) "../../x y")
(data (i32.const 2304) "1")
(func $merge (param i32) (result i32)
  (drop (call $merged (i32.const 2048) (i32.const 22)))
  (call $text (i32.const 140) (i32.const 3072) (i32.const 1))
  (call $text (i32.const 3072) (i32.const 2176) (i32.const 9))
  (call $text (i32.const 3080) (i32.const 2304) (i32.const 1))
  (i32.const 128))

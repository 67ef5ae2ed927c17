;; An annotation that no pod can hold.
;; grant: [{"annotations":["*"]}]
;; 103: 262144
(memory $memory 64)
(data (i32.const 2048) "{\"cniVersion\":\"1.1.0\"}")
(data (i32.const 2176) "example.org/x")
(func $merge (param i32) (result i32)
  (drop (call $merged (i32.const 2048) (i32.const 22)))
  (call $text (i32.const 140) (i32.const 3072) (i32.const 1))
  (call $text (i32.const 3072) (i32.const 2176) (i32.const 13))
  (call $text (i32.const 3080) (i32.const 1048576) (i32.const 400000))
  (i32.const 128))

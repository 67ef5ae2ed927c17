;; Other addresses than those that the host publishes.
;; grant: [{"annotations":["*"]},"result"]
;; 103: "multi-ip-preferences" is the host's own
(data (i32.const 2048) "{\"cniVersion\":\"1.1.0\"}")
(data (i32.const 2560) "multi-ip-preferences")
(data (i32.const 2688) "[]")
(func $merge (param i32) (result i32)
  (drop (call $merged (i32.const 2048) (i32.const 22)))
  (call $text (i32.const 140) (i32.const 3072) (i32.const 1))
  (call $text (i32.const 3072) (i32.const 2560) (i32.const 20))
  (call $text (i32.const 3080) (i32.const 2688) (i32.const 2))
  (i32.const 128))

;; A name server of its own choice.
;; 7: "grant": ["result"]
(data (i32.const 2048) "{\"cniVersion\":\"1.1.0\",\"dns\":{\"nameservers\":[\"192.0.2.53\"]}}")
(func $merge (param i32) (result i32)
  (drop (call $merged (i32.const 2048) (i32.const 59)))
  (i32.const 128))

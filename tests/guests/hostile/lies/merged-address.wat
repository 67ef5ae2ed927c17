;; The address of a Service, which no network gave.
;; 7: "grant": ["result"]
(data (i32.const 2048) "{\"cniVersion\":\"1.1.0\",\"ips\":[{\"address\":\"10.96.0.10/32\"}]}")
(func $merge (param i32) (result i32)
  (drop (call $merged (i32.const 2048) (i32.const 58)))
  (i32.const 128))

;; The pod's interface, in another network namespace.
;; 7: "grant": ["result"]
(data (i32.const 2048) "{\"cniVersion\":\"1.1.0\",\"interfaces\":[{\"name\":\"eth0\",\"sandbox\":\"/proc/1/ns/net\"}]}")
(func $merge (param i32) (result i32)
  (drop (call $merged (i32.const 2048) (i32.const 80)))
  (i32.const 128))

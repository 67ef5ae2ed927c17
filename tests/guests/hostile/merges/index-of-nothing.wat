;; An address on interface 0, of none.
;; grant: ["result"]
;; 6: interface 0
(data (i32.const 2048) "{\"cniVersion\":\"1.1.0\",\"ips\":[{\"address\":\"10.0.0.2/24\",\"interface\":0}]}")
(func $merge (param i32) (result i32)
  (call $merged (i32.const 2048) (i32.const 70)))

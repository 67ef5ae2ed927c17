;; An address that is not there.
;; grant: ["result"]
;; 6: ips[0] has no address
(data (i32.const 2048) "{\"cniVersion\":\"1.1.0\",\"interfaces\":[{\"name\":\"eth0\",\"sandbox\":\"/x\"}],\"ips\":[{\"interface\":0}]}")
(func $merge (param i32) (result i32)
  (call $merged (i32.const 2048) (i32.const 92)))

;; An address on an interface beyond the last: runtimes follow it unchecked.
;; grant: ["result"]
;; 6: interface 1
(data (i32.const 2048) "{\"cniVersion\":\"1.1.0\",\"interfaces\":[{\"name\":\"eth0\",\"sandbox\":\"/x\"}],\"ips\":[{\"address\":\"10.0.0.2/24\",\"interface\":1}]}")
(func $merge (param i32) (result i32)
  (call $merged (i32.const 2048) (i32.const 116)))

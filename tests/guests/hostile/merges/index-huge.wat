;; An address on an interface whose number no register holds.
;; grant: ["result"]
;; 6: interface
(data (i32.const 2048) "{\"cniVersion\":\"1.1.0\",\"interfaces\":[{\"name\":\"eth0\",\"sandbox\":\"/x\"}],\"ips\":[{\"address\":\"10.0.0.2/24\",\"interface\":18446744073709551616}]}")
(func $merge (param i32) (result i32)
  (call $merged (i32.const 2048) (i32.const 135)))

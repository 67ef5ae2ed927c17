;; A null among the routes.
;; 6: routes[0]
(data (i32.const 2048) "{\"cniVersion\":\"1.1.0\",\"interfaces\":[{\"name\":\"eth0\",\"sandbox\":\"/x\"}],\"routes\":[null]}")
(func $merge (param i32) (result i32)
  (call $merged (i32.const 2048) (i32.const 84)))

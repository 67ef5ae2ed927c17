;; A list of no plugins.
;; grant: [{"inline":["weave-net"]}]
;; 7: plugins
(data (i32.const 2048) "{\"cniVersion\":\"1.0.0\",\"name\":\"x\",\"plugins\":[]}")
(func $select (param i32) (result i32)
  (call $source (i32.const 0) (i32.const 2) (i32.const 2048) (i32.const 46))
  (call $plan (i32.const 1)))

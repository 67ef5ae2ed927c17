;; The meta plugin, by a path to it.
;; grant: [{"inline":["../bin/genie"]}]
;; 7: /genie
(data (i32.const 2048) "{\"cniVersion\":\"1.0.0\",\"name\":\"x\",\"type\":\"../bin/genie\"}")
(func $select (param i32) (result i32)
  (call $source (i32.const 0) (i32.const 2) (i32.const 2048) (i32.const 55))
  (call $plan (i32.const 1)))

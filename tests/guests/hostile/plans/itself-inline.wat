;; The meta plugin, in a configuration that it wrote itself.
;; grant: [{"inline":["genie"]}]
;; 7: genie
(data (i32.const 2048) "{\"cniVersion\":\"1.0.0\",\"name\":\"x\",\"type\":\"genie\"}")
(func $select (param i32) (result i32)
  (call $source (i32.const 0) (i32.const 2) (i32.const 2048) (i32.const 48))
  (call $plan (i32.const 1)))

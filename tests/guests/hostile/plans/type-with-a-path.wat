;; A plugin outside of the directory of plugins.
;; grant: [{"inline":["../../../../bin/sh"]}]
;; 7: bin/sh
(data (i32.const 2048) "{\"cniVersion\":\"1.0.0\",\"name\":\"x\",\"type\":\"../../../../bin/sh\"}")
(func $select (param i32) (result i32)
  (call $source (i32.const 0) (i32.const 2) (i32.const 2048) (i32.const 61))
  (call $plan (i32.const 1)))

;; A network that a patch makes the meta plugin.
;; grant: [{"patch":["type"]}]
;; 7: genie
(data (i32.const 2048) "{\"type\":\"genie\"}")
(func $select (param i32) (result i32)
  (call $weave (i32.const 0))
  (call $option (i32.const 0) (i32.const 72) (i32.const 2048) (i32.const 16))
  (call $plan (i32.const 1)))

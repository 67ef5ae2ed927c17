;; The same by a patch.
;; grant: [{"patch":["type"]}]
;; 7: /bin/sh
(data (i32.const 2048) "{\"type\":\"/bin/sh\"}")
(func $select (param i32) (result i32)
  (call $weave (i32.const 0))
  (call $option (i32.const 0) (i32.const 72) (i32.const 2048) (i32.const 18))
  (call $plan (i32.const 1)))

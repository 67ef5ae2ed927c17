;; A patch that takes away all of which it may touch a part.
;; grant: [{"patch":["ipam.subnet"]}]
;; 7: "grant": [{"patch":["ipam.subnet"]}, {"patch":["ipam"]}]
(data (i32.const 2048) "{\"ipam\":null}")
(func $select (param i32) (result i32)
  (call $weave (i32.const 0))
  (call $option (i32.const 0) (i32.const 72) (i32.const 2048) (i32.const 13))
  (call $plan (i32.const 1)))

;; A patch that is no object.
;; grant: [{"patch":["ipam"]}]
;; 7: patch is no JSON object
(data (i32.const 2048) "[\"type\"]")
(func $select (param i32) (result i32)
  (call $weave (i32.const 0))
  (call $option (i32.const 0) (i32.const 72) (i32.const 2048) (i32.const 8))
  (call $plan (i32.const 1)))

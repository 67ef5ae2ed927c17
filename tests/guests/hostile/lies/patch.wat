;; A patch that takes the addresses from another range.
;; 7: "grant": [{"patch":["ipam.subnet"]}]
(data (i32.const 2048) "{\"ipam\":{\"subnet\":\"10.0.0.0/8\"}}")
(func $select (param i32) (result i32)
  (call $weave (i32.const 0))
  (call $option (i32.const 0) (i32.const 72) (i32.const 2048) (i32.const 32))
  (call $plan (i32.const 1)))

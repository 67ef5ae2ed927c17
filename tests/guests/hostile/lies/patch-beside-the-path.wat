;; A patch of what it may touch, and of what it may not.
;; grant: [{"patch":["ipam.subnet"]}]
;; 7: "grant": [{"patch":["ipam.subnet"]}, {"patch":["ipam.type"]}]
(data (i32.const 2048) "{\"ipam\":{\"subnet\":\"10.0.0.0/8\",\"type\":\"calico-ipam\"}}")
(func $select (param i32) (result i32)
  (call $weave (i32.const 0))
  (call $option (i32.const 0) (i32.const 72) (i32.const 2048) (i32.const 53))
  (call $plan (i32.const 1)))

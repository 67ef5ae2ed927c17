;; An installed network, where others are granted.
;; grant: [{"networks":["tenant-*"]}]
;; 102: "grant": [{"networks":["tenant-*"]}, {"networks":["weave"]}]
(func $select (param i32) (result i32)
  (call $weave (i32.const 0))
  (call $plan (i32.const 1)))

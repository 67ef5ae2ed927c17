;; No default route for the pod.
;; 7: "grant": ["default-route"]
(func $select (param i32) (result i32)
  (call $weave (i32.const 0))
  (i32.store8 (i32.add (call $attachment (i32.const 0)) (i32.const 84)) (i32.const 2))
  (call $plan (i32.const 1)))

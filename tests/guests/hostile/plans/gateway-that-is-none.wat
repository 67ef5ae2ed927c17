;; A gateway that is none.
;; grant: ["default-route"]
;; 7: is no gateway
(data (i32.const 2048) "10.0.0.1/24 dev eth0")
(func $select (param i32) (result i32)
  (call $weave (i32.const 0))
  (i32.store8 (i32.add (call $attachment (i32.const 0)) (i32.const 84)) (i32.const 1))
  (call $text (i32.add (call $attachment (i32.const 0)) (i32.const 88)) (i32.const 3072) (i32.const 1))
  (call $text (i32.const 3072) (i32.const 2048) (i32.const 20))
  (call $plan (i32.const 1)))

;; An address of its own choice.
;; 7: "grant": ["addresses"]
(data (i32.const 2048) "10.96.0.10")
(func $select (param i32) (result i32)
  (call $weave (i32.const 0))
  (call $text (i32.add (call $attachment (i32.const 0)) (i32.const 32)) (i32.const 3072) (i32.const 1))
  (call $text (i32.const 3072) (i32.const 2048) (i32.const 10))
  (call $plan (i32.const 1)))

;; A pair for CNI_ARGS.
;; 7: "grant": [{"args":["IP"]}]
(data (i32.const 2048) "IP")
(data (i32.const 2176) "10.0.0.9")
(func $select (param i32) (result i32)
  (call $weave (i32.const 0))
  (call $text (i32.add (call $attachment (i32.const 0)) (i32.const 52)) (i32.const 3072) (i32.const 1))
  (call $text (i32.const 3072) (i32.const 2048) (i32.const 2))
  (call $text (i32.const 3080) (i32.const 2176) (i32.const 8))
  (call $plan (i32.const 1)))

;; A plan with a reason of 2 MB.
;; 103: limits.output_bytes
(memory $memory 256)
(func $select (param i32) (result i32)
  (call $weave (i32.const 0))
  (drop (call $plan (i32.const 1)))
  (call $text (i32.const 144) (i32.const 1048576) (i32.const 2000000))
  (i32.const 128))

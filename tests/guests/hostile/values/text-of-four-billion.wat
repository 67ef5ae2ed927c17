;; A reason of 4 GiB.
;; 103: was stopped
(func $select (param i32) (result i32)
  (call $weave (i32.const 0))
  (drop (call $plan (i32.const 1)))
  (call $text (i32.const 144) (i32.const 1024) (i32.const -1))
  (i32.const 128))

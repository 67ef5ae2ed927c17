;; A reason that is no UTF-8.
;; 103: invalid utf-8
(data (i32.const 2048) "\ff\fe\c0\80")
(func $select (param i32) (result i32)
  (call $weave (i32.const 0))
  (drop (call $plan (i32.const 1)))
  (call $text (i32.const 144) (i32.const 2048) (i32.const 4))
  (i32.const 128))

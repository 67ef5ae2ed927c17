;; A reason that begins inside of its memory and ends beyond.
;; 103: string pointer/length out of bounds of memory
(func $select (param i32) (result i32)
  (call $weave (i32.const 0))
  (drop (call $plan (i32.const 1)))
  (call $text (i32.const 144) (i32.const 131064) (i32.const 100))
  (i32.const 128))

;; Refuses in half a megabyte of words.
;; 102: denies:
(memory $memory 256)
(func $select (param i32) (result i32)
  (memory.fill (i32.const 1048576) (i32.const 110) (i32.const 500000))
  (i32.store8 (i32.const 128) (i32.const 1))
  (i32.store8 (i32.const 132) (i32.const 1))
  (call $text (i32.const 136) (i32.const 1048576) (i32.const 500000))
  (i32.const 128))

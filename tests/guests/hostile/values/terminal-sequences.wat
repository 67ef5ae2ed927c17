;; Refuses in words that would clear the screen of whoever reads the log, and begin a line of
;; their own there.
;; 102: denies: [2J genie: all is well
(data (i32.const 2048) "\1b[2J\r\n\00genie: all is well")
(func $select (param i32) (result i32)
  (i32.store8 (i32.const 128) (i32.const 1))
  (i32.store8 (i32.const 132) (i32.const 1))
  (call $text (i32.const 136) (i32.const 2048) (i32.const 25))
  (i32.const 128))

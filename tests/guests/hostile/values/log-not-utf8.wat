;; A message that is no UTF-8.
;; 103: invalid utf-8
(import "genie:selector/log@0.1.0" "write" (func $write (param i32 i32 i32)))
(data (i32.const 2048) "\80\80")
(func $select (param i32) (result i32)
  (call $write (i32.const 1) (i32.const 2048) (i32.const 2))
  (unreachable))

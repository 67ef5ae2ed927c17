;; Panics with a megabyte of control characters as its message.
;; 103: panicked
(import "genie:selector/log@0.1.0" "write" (func $write (param i32 i32 i32)))
(memory $memory 256)
(func $select (param i32) (result i32)
  (memory.fill (i32.const 1048576) (i32.const 27) (i32.const 1000000))
  (call $write (i32.const 3) (i32.const 1048576) (i32.const 1000000))
  (unreachable))

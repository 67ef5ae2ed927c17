;; Talks without end, a megabyte at a time: few instructions, much for the host to read.
;; 103: logged more than 16Mi in one call
(import "genie:selector/log@0.1.0" "write" (func $write (param i32 i32 i32)))
(memory $memory 64)
(func $select (param i32) (result i32)
  (loop $again
    (call $write (i32.const 1) (i32.const 1048576) (i32.const 1000000))
    (br $again))
  (unreachable))

;; Talks without end, a few words at a time.
;; 103: logged more than 16Mi in one call
(import "genie:selector/log@0.1.0" "write" (func $write (param i32 i32 i32)))
(func $select (param i32) (result i32)
  (loop $again
    (call $write (i32.const 1) (i32.const 1024) (i32.const 5))
    (br $again))
  (unreachable))

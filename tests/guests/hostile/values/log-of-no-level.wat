;; A message of a level that there is not.
;; 103: unexpected discriminant: 77
(import "genie:selector/log@0.1.0" "write" (func $write (param i32 i32 i32)))
(func $select (param i32) (result i32)
  (call $write (i32.const 77) (i32.const 1024) (i32.const 5))
  (unreachable))

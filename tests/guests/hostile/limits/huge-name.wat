;; A network whose name is half a megabyte of NUL: the error must be one that people can read.
;; 7: not installed
(memory $memory 256)
(func $select (param i32) (result i32)
  (call $source (i32.const 0) (i32.const 0) (i32.const 1048576) (i32.const 500000))
  (call $plan (i32.const 1)))

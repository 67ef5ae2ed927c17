;; A file that is not in the conf dir.
;; 7: it is not installed
(data (i32.const 2048) "../../../../../etc/passwd")
(func $select (param i32) (result i32)
  (call $source (i32.const 0) (i32.const 0) (i32.const 2048) (i32.const 25))
  (call $plan (i32.const 1)))

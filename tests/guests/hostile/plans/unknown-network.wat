;; A network that is not there.
;; 7: "nosuch" on eth0: it is not installed
(data (i32.const 2048) "nosuch")
(func $select (param i32) (result i32)
  (call $source (i32.const 0) (i32.const 0) (i32.const 2048) (i32.const 6))
  (call $plan (i32.const 1)))

;; The meta plugin's own configuration, by its file.
;; 7: it refers to itself
(data (i32.const 2048) "00-genie.conf")
(func $select (param i32) (result i32)
  (call $source (i32.const 0) (i32.const 0) (i32.const 2048) (i32.const 13))
  (call $plan (i32.const 1)))

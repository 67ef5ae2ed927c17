;; A network's name that is no UTF-8: half of a surrogate pair.
;; 103: invalid utf-8
(data (i32.const 2048) "\ed\a0\80")
(func $select (param i32) (result i32)
  (call $source (i32.const 0) (i32.const 0) (i32.const 2048) (i32.const 3))
  (call $plan (i32.const 1)))

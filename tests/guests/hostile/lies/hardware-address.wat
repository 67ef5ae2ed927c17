;; Another machine's hardware address.
;; 7: "grant": ["addresses"]
(data (i32.const 2048) "02:00:00:00:00:01")
(func $select (param i32) (result i32)
  (call $weave (i32.const 0))
  (call $option (i32.const 0) (i32.const 40) (i32.const 2048) (i32.const 17))
  (call $plan (i32.const 1)))

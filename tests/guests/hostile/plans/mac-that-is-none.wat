;; A hardware address that is none, and begins a variable of its own.
;; grant: ["addresses"]
;; 7: is no hardware address
(data (i32.const 2048) "02:00:00:00:00:01;IP=10.0.0.1")
(func $select (param i32) (result i32)
  (call $weave (i32.const 0))
  (call $option (i32.const 0) (i32.const 40) (i32.const 2048) (i32.const 29))
  (call $plan (i32.const 1)))

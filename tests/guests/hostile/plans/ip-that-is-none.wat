;; An address that is none, and begins a variable of its own.
;; grant: ["addresses"]
;; 7: is no IP address
(data (i32.const 2048) "10.0.0.1;K8S_POD_NAME=other")
(func $select (param i32) (result i32)
  (call $weave (i32.const 0))
  (call $text (i32.add (call $attachment (i32.const 0)) (i32.const 32)) (i32.const 3072) (i32.const 1))
  (call $text (i32.const 3072) (i32.const 2048) (i32.const 27))
  (call $plan (i32.const 1)))

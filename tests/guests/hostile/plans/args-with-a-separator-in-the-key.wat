;; The same in the key.
;; grant: [{"args":["A=1;K8S_POD_NAME"]}]
;; 4: CNI_ARGS
(data (i32.const 2048) "A=1;K8S_POD_NAME")
(data (i32.const 2064) "other")
(func $select (param i32) (result i32)
  (call $weave (i32.const 0))
  (call $text (i32.add (call $attachment (i32.const 0)) (i32.const 52)) (i32.const 3072) (i32.const 1))
  (call $text (i32.const 3072) (i32.const 2048) (i32.const 16))
  (call $text (i32.const 3080) (i32.const 2064) (i32.const 5))
  (call $plan (i32.const 1)))

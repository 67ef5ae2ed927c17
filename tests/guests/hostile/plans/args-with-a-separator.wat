;; An argument that brings another one along.
;; grant: [{"args":["A"]}]
;; 4: CNI_ARGS
(data (i32.const 2048) "A")
(data (i32.const 2064) "1;K8S_POD_NAME=other")
(func $select (param i32) (result i32)
  (call $weave (i32.const 0))
  (call $text (i32.add (call $attachment (i32.const 0)) (i32.const 52)) (i32.const 3072) (i32.const 1))
  (call $text (i32.const 3072) (i32.const 2048) (i32.const 1))
  (call $text (i32.const 3080) (i32.const 2064) (i32.const 20))
  (call $plan (i32.const 1)))

;; Another pod's name: the delegates would work for that one.
;; grant: [{"args":["IP"]}]
;; 103: "K8S_POD_NAME" in CNI_ARGS, which is the runtime's own
(data (i32.const 2048) "K8S_POD_NAME")
(data (i32.const 2176) "bank")
(func $select (param i32) (result i32)
  (call $weave (i32.const 0))
  (call $text (i32.add (call $attachment (i32.const 0)) (i32.const 52)) (i32.const 3072) (i32.const 1))
  (call $text (i32.const 3072) (i32.const 2048) (i32.const 12))
  (call $text (i32.const 3080) (i32.const 2176) (i32.const 4))
  (call $plan (i32.const 1)))

;; Another namespace, in the letters that only a lenient reader takes for it.
;; 103: "k8s_pod_namespace" in CNI_ARGS, which is the runtime's own
(data (i32.const 2048) "k8s_pod_namespace")
(data (i32.const 2176) "kube-system")
(func $select (param i32) (result i32)
  (call $weave (i32.const 0))
  (call $text (i32.add (call $attachment (i32.const 0)) (i32.const 52)) (i32.const 3072) (i32.const 1))
  (call $text (i32.const 3072) (i32.const 2048) (i32.const 17))
  (call $text (i32.const 3080) (i32.const 2176) (i32.const 11))
  (call $plan (i32.const 1)))

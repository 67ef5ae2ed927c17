;; An annotation that belongs to Kubernetes: it would lift a limit.
;; grant: [{"annotations":["*"]}]
;; 103: kubernetes.io/egress-bandwidth
(data (i32.const 2048) "{\"cniVersion\":\"1.1.0\"}")
(data (i32.const 2176) "kubernetes.io/egress-bandwidth")
(data (i32.const 2304) "100G")
(func $merge (param i32) (result i32)
  (drop (call $merged (i32.const 2048) (i32.const 22)))
  (call $text (i32.const 140) (i32.const 3072) (i32.const 1))
  (call $text (i32.const 3072) (i32.const 2176) (i32.const 30))
  (call $text (i32.const 3080) (i32.const 2304) (i32.const 4))
  (i32.const 128))

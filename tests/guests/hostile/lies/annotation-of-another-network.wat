;; An annotation by which another network plugin knows the pod's addresses.
;; grant: [{"annotations":["example.org/*"]}]
;; 7: "grant": [{"annotations":["example.org/*"]}, {"annotations":["k8s.ovn.org/pod-networks"]}]
(data (i32.const 2048) "{\"cniVersion\":\"1.1.0\"}")
(data (i32.const 2560) "k8s.ovn.org/pod-networks")
(data (i32.const 2688) "x")
(func $merge (param i32) (result i32)
  (drop (call $merged (i32.const 2048) (i32.const 22)))
  (call $text (i32.const 140) (i32.const 3072) (i32.const 1))
  (call $text (i32.const 3072) (i32.const 2560) (i32.const 24))
  (call $text (i32.const 3080) (i32.const 2688) (i32.const 1))
  (i32.const 128))

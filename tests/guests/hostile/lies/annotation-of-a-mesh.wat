;; An annotation by which a service mesh is switched off.
;; grant: [{"annotations":["example.org/*"]}]
;; 7: "grant": [{"annotations":["example.org/*"]}, {"annotations":["sidecar.istio.io/inject"]}]
(data (i32.const 2048) "{\"cniVersion\":\"1.1.0\"}")
(data (i32.const 2560) "sidecar.istio.io/inject")
(data (i32.const 2688) "x")
(func $merge (param i32) (result i32)
  (drop (call $merged (i32.const 2048) (i32.const 22)))
  (call $text (i32.const 140) (i32.const 3072) (i32.const 1))
  (call $text (i32.const 3072) (i32.const 2560) (i32.const 23))
  (call $text (i32.const 3080) (i32.const 2688) (i32.const 1))
  (i32.const 128))

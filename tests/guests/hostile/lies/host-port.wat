;; A port of the node: the API server's, say.
;; grant: [{"capabilities":["bandwidth"]}]
;; 7: "grant": [{"capabilities":["bandwidth"]}, {"capabilities":["portMappings"]}]
(data (i32.const 2048) "{\"portMappings\":[{\"hostPort\":443,\"containerPort\":443,\"protocol\":\"tcp\"}]}")
(func $select (param i32) (result i32)
  (call $weave (i32.const 0))
  (call $option (i32.const 0) (i32.const 60) (i32.const 2048) (i32.const 72))
  (call $plan (i32.const 1)))

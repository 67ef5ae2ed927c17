;; A route to the Services, through a gateway of its own choice.
;; 7: "grant": ["result"]
(data (i32.const 2048) "{\"cniVersion\":\"1.1.0\",\"routes\":[{\"dst\":\"10.96.0.0/12\",\"gw\":\"10.0.0.9\"}]}")
(func $merge (param i32) (result i32)
  (drop (call $merged (i32.const 2048) (i32.const 72)))
  (i32.const 128))

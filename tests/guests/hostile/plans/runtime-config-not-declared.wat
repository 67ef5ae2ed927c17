;; A capability that the network does not declare.
;; grant: [{"capabilities":["bandwidth"]}]
;; 7: "bandwidth" is asked for
(data (i32.const 2048) "{\"bandwidth\":{\"ingressRate\":1}}")
(func $select (param i32) (result i32)
  (call $weave (i32.const 0))
  (call $option (i32.const 0) (i32.const 60) (i32.const 2048) (i32.const 31))
  (call $plan (i32.const 1)))

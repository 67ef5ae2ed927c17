;; The same in capitals, which Go programs read as well.
;; grant: [{"inline":["weave-net"]}]
;; 7: "grant": [{"inline":["weave-net"]}, {"inline":["calico"]}]
(data (i32.const 2048) "{\"cniVersion\":\"1.0.0\",\"name\":\"x\",\"type\":\"weave-net\",\"DELEGATE\":{\"TYPE\":\"calico\"}}")
(func $select (param i32) (result i32)
  (call $source (i32.const 0) (i32.const 2) (i32.const 2048) (i32.const 81))
  (call $plan (i32.const 1)))

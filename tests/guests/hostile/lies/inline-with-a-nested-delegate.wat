;; A plugin that it may use, which runs one that it may not.
;; grant: [{"inline":["weave-net"]}]
;; 7: "grant": [{"inline":["weave-net"]}, {"inline":["calico"]}]
(data (i32.const 2048) "{\"cniVersion\":\"1.0.0\",\"name\":\"x\",\"plugins\":[{\"type\":\"weave-net\",\"delegate\":{\"type\":\"calico\"}}]}")
(func $select (param i32) (result i32)
  (call $source (i32.const 0) (i32.const 2) (i32.const 2048) (i32.const 95))
  (call $plan (i32.const 1)))

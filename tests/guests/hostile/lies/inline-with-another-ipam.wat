;; A plugin that it may use, with an IPAM plugin that it may not.
;; grant: [{"inline":["weave-net"]}]
;; 7: "grant": [{"inline":["weave-net"]}, {"inline":["calico-ipam"]}]
(data (i32.const 2048) "{\"cniVersion\":\"1.0.0\",\"name\":\"x\",\"type\":\"weave-net\",\"ipam\":{\"type\":\"calico-ipam\"}}")
(func $select (param i32) (result i32)
  (call $source (i32.const 0) (i32.const 2) (i32.const 2048) (i32.const 82))
  (call $plan (i32.const 1)))

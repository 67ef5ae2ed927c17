;; A network, and not on the interface whose address is the pod's.
;; 7: no network is on eth0
(data (i32.const 2048) "net1")
(func $select (param i32) (result i32)
  (call $weave (i32.const 0))
  (call $option (i32.const 0) (i32.const 20) (i32.const 2048) (i32.const 4))
  (call $plan (i32.const 1)))

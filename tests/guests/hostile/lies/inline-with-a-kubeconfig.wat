;; calico with a kubeconfig out of a volume: with `exec` in it, a program of the pod's run as root.
;; 7: "grant": [{"inline":["calico"]}]
(data (i32.const 2048) "{\"cniVersion\":\"1.0.0\",\"name\":\"x\",\"type\":\"calico\",\"kubernetes\":{\"kubeconfig\":\"/var/lib/kubelet/pods/x/k\"}}")
(func $select (param i32) (result i32)
  (call $source (i32.const 0) (i32.const 2) (i32.const 2048) (i32.const 105))
  (call $plan (i32.const 1)))

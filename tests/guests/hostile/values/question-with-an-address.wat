;; Asks for a network definition of a namespace that is the rest of an address: the pods of kube-system.
;; grant: ["cluster"]
;; 103: "kube-system/pods?limit=500&x=" is no name of a namespace
(import "genie:selector/cluster@0.1.0" "get" (func $get (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32)))
(data (i32.const 2100) "k8s.cni.cncf.io/v1NetworkAttachmentDefinitionkube-system/pods?limit=500&x=")
(func $select (param i32) (result i32)
  (call $get (i32.const 2100) (i32.const 18) (i32.const 2118) (i32.const 27)
    (i32.const 1) (i32.const 2145) (i32.const 29) (i32.const 1024) (i32.const 5) (i32.const 2048))
  (call $weave (i32.const 0))
  (call $plan (i32.const 1)))

;; Asks for an object whose name is a million zeros, again and again.
;; grant: [{"cluster": ["v1/ConfigMap"]}]
;; 103: is no name of an object
(import "genie:selector/cluster@0.1.0" "get" (func $get (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32)))
(memory $memory 64)
(data (memory $memory) (i32.const 2100) "v1ConfigMapdefault")
(func $select (param i32) (result i32)
  (loop $again
    (call $get (i32.const 2100) (i32.const 2) (i32.const 2102) (i32.const 9)
      (i32.const 1) (i32.const 2111) (i32.const 7) (i32.const 1048576) (i32.const 1000000) (i32.const 2048))
    (br $again))
  (unreachable))

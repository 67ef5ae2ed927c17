;; Asks for objects of the cluster, which it was not granted.
;; grant: ["pod", "node"]
;; 7: imports genie:selector/cluster@0.1.0, which is not granted to it
(import "genie:selector/cluster@0.1.0" "get" (func $get (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32)))

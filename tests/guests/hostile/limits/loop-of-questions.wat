;; Asks for the pod's labels again and again.
;; grant: ["pod"]
;; 103: asked its imports more than 256 times in one call
(import "genie:selector/pod@0.1.0" "labels" (func $labels (param i32)))
(func $select (param i32) (result i32)
  (loop $again
    (call $labels (i32.const 2048))
    (br $again))
  (unreachable))

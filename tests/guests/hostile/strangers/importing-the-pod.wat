;; Asks for facts about the pod, which it was not granted.
;; 7: imports genie:selector/pod@0.1.0, which is not granted to it
(import "genie:selector/pod@0.1.0" "labels" (func $labels (param i32)))

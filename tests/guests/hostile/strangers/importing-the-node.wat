;; Asks for facts about the node, which it was not granted.
;; grant: ["pod"]
;; 7: imports genie:selector/node@0.1.0, which is not granted to it
(import "genie:selector/node@0.1.0" "traffic" (func $traffic (param i32 i32 i32)))

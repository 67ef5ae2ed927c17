;; Asks for the counters of interfaces whose names begin with the rest of a path.
;; grant: ["node"]
;; 103: begins no interface's name
(import "genie:selector/node@0.1.0" "traffic" (func $traffic (param i32 i32 i32)))
(data (i32.const 2100) "../../etc")
(func $select (param i32) (result i32)
  (call $traffic (i32.const 2100) (i32.const 9) (i32.const 2048))
  (call $weave (i32.const 0))
  (call $plan (i32.const 1)))

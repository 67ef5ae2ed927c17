;; A configuration of half a million opening brackets.
;; grant: [{"inline":["weave-net"]}]
;; 7: recursion limit
(memory $memory 64)
(func $select (param i32) (result i32)
  (memory.fill (i32.const 1048576) (i32.const 91) (i32.const 500000))
  (call $source (i32.const 0) (i32.const 2) (i32.const 1048576) (i32.const 500000))
  (call $plan (i32.const 1)))

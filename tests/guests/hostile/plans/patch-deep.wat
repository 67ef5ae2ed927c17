;; A patch of half a million opening brackets.
;; grant: [{"patch":["ipam"]}]
;; 7: patch is no JSON object
(memory $memory 64)
(func $select (param i32) (result i32)
  (memory.fill (i32.const 1048576) (i32.const 91) (i32.const 500000))
  (call $weave (i32.const 0))
  (call $option (i32.const 0) (i32.const 72) (i32.const 1048576) (i32.const 500000))
  (call $plan (i32.const 1)))

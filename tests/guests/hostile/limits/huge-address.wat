;; A hardware address of half a megabyte.
;; grant: ["addresses"]
;; 7: is no hardware address
(memory $memory 256)
(func $select (param i32) (result i32)
  (memory.fill (i32.const 1048576) (i32.const 110) (i32.const 500000))
  (call $weave (i32.const 0))
  (call $option (i32.const 0) (i32.const 40) (i32.const 1048576) (i32.const 500000))
  (call $plan (i32.const 1)))

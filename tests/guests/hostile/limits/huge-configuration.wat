;; A configuration of half a megabyte, whose type is that long.
;; 7: is a configuration of its own, of nnnn
(memory $memory 256)
(data (i32.const 2048) "{\"cniVersion\":\"1.0.0\",\"name\":\"x\",\"type\":\"")
(data (i32.const 2176) "/\"}")
(func $select (param i32) (result i32)
  (memory.copy (i32.const 1048576) (i32.const 2048) (i32.const 41))
  (memory.fill (i32.const 1048617) (i32.const 110) (i32.const 500000))
  (memory.copy (i32.const 1548617) (i32.const 2176) (i32.const 3))
  (call $source (i32.const 0) (i32.const 2) (i32.const 1048576) (i32.const 500044))
  (call $plan (i32.const 1)))

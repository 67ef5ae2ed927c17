;; A plan of 2,000 attachments: few enough to be handed over.
;; 102: 2000 networks, and a pod may have 8
(memory $memory 256)
(global $heap (mut i32) (i32.const 1048576))
(func $select (param i32) (result i32)
  (local $index i32)
  (loop $again
    (call $weave (local.get $index))
    (local.set $index (i32.add (local.get $index) (i32.const 1)))
    (br_if $again (i32.lt_u (local.get $index) (i32.const 2000))))
  (call $plan (i32.const 2000)))

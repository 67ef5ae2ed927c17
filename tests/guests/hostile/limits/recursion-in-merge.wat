;; The same in merge, with a large frame.
;; 103: overflowed its stack
(func $merge (param i32) (result i32)
  (i32.add (call $merge (i32.add (local.get 0) (i32.const 1))) (local.get 0)))

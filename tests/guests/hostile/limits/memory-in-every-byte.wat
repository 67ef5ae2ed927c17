;; Takes all the memory it may have, writes on every page of it, and then never ends: as
;; much of the machine as a selector gets.
;; 103: ran out of its fuel limit of 50000000
(func $select (param i32) (result i32)
  (local $at i32)
  (drop (memory.grow (i32.sub (i32.const 1024) (memory.size))))
  (loop $again
    (i32.store8 (local.get $at) (i32.const 1))
    (local.set $at (i32.and (i32.add (local.get $at) (i32.const 4096)) (i32.const 0x3ffffff)))
    (br $again))
  (unreachable))

;; The same, where those of the pod's own namespace are granted.
;; grant: [{"definitions":"own"}]
;; 102: "grant": [{"definitions":"own"}, {"definitions":["payments"]}]
(data (i32.const 2048) "payments")
(data (i32.const 2176) "db")
(func $select (param i32) (result i32)
  (i32.store8 (call $attachment (i32.const 0)) (i32.const 1))
  (call $text (i32.add (call $attachment (i32.const 0)) (i32.const 4)) (i32.const 2048) (i32.const 8))
  (call $text (i32.add (call $attachment (i32.const 0)) (i32.const 12)) (i32.const 2176) (i32.const 2))
  (call $plan (i32.const 1)))

;; A plan of as many attachments as a number can say: their size overflows.
;; 103: was stopped
(func $select (param i32) (result i32)
  (call $plan (i32.const -1)))

;; A plan of 100,000 attachments, more than it may hand over.
;; 103: limits.output_bytes
(memory $memory 256)
(func $select (param i32) (result i32)
  (call $plan (i32.const 100000)))

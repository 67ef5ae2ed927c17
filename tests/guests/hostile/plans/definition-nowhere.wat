;; A NetworkAttachmentDefinition on a node without a cluster.
;; grant: [{"definitions":["weave"]}]
;; 11: NetworkAttachmentDefinition cannot be read
(func $select (param i32) (result i32)
  (i32.store8 (call $attachment (i32.const 0)) (i32.const 1))
  (call $text (i32.add (call $attachment (i32.const 0)) (i32.const 4)) (i32.const 1024) (i32.const 5))
  (call $text (i32.add (call $attachment (i32.const 0)) (i32.const 12)) (i32.const 1024) (i32.const 5))
  (call $plan (i32.const 1)))

;; Refuses, when the pod has its networks already: they are taken away again.
;; 102: denies: weave
(func $merge (param i32) (result i32)
  (i32.store8 (i32.const 128) (i32.const 1))
  (i32.store8 (i32.const 132) (i32.const 1))
  (call $text (i32.const 136) (i32.const 1024) (i32.const 5))
  (i32.const 128))

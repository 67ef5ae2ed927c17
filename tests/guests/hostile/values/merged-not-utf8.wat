;; Merges to a result that is no UTF-8.
;; 103: invalid utf-8
(data (i32.const 2048) "{\"cniVersion\":\"1.1.0\",\"dns\":{\"domain\":\"\ff\"}}")
(func $merge (param i32) (result i32)
  (call $merged (i32.const 2048) (i32.const 45)))

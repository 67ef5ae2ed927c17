;; The same as the second plugin of a list.
;; grant: [{"inline":["weave-net","genie"]}]
;; 7: genie
(data (i32.const 2048) "{\"cniVersion\":\"1.0.0\",\"name\":\"x\",\"plugins\":[{\"type\":\"weave-net\"},{\"type\":\"genie\"}]}")
(func $select (param i32) (result i32)
  (call $source (i32.const 0) (i32.const 2) (i32.const 2048) (i32.const 83))
  (call $plan (i32.const 1)))

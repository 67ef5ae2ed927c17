;; Calls the host back while the host hands it the request.
;; 103: cannot leave component instance
(import "genie:selector/log@0.1.0" "write" (func $write (param i32 i32 i32)))
(func $realloc (param i32 i32 i32 i32) (result i32)
  (call $write (i32.const 1) (i32.const 1024) (i32.const 5))
  (i32.const 65536))

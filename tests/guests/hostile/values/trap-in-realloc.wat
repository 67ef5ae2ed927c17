;; Traps: while the host hands it the request.
;; 103: panicked, and logged no error before
(func $realloc (param i32 i32 i32 i32) (result i32)
  (unreachable))

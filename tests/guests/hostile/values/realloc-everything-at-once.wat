;; Gives the host the same room for everything: what it is asked is garbage then, which harms
;; nobody but itself.
;; 0: attaches weave
(func $realloc (param i32 i32 i32 i32) (result i32)
  (i32.const 65536))

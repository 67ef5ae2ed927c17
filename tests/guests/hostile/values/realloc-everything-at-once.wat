;; Gives the host the same room for everything, its own plan included: what it is asked is
;; garbage then, and that harms nobody but itself.
;; 0: attaches weave
(func $realloc (param i32 i32 i32 i32) (result i32)
  (i32.const 4096))

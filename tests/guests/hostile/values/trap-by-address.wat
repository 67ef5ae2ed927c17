;; Reads beyond its memory.
;; 103: trapped: wasm trap: out of bounds memory access
(func $select (param i32) (result i32)
  (i32.load (i32.const -4)))

;; Traps: before anything is called.
;; 103: panicked, and logged no error before
(func $begin
  (unreachable))
(start $begin)

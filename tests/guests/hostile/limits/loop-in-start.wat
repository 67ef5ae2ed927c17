;; Never ends: before anything is called.
;; 103: ran out of its fuel limit of 50000000
(func $begin
  (loop $again (br $again)))
(start $begin)

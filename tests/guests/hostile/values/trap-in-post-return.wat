;; Traps: after it has answered.
;; 103: panicked, and logged no error before
(func (export "cabi_post_genie:selector/select@0.1.0#select") (param i32)
  (unreachable))

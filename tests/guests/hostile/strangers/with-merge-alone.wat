;; Merges, and does not select.
;; 103: it exports genie:selector/merge@0.1.0, and not genie:selector/select@0.1.0
(component
  (instance $nothing)
  (export "genie:selector/merge@0.1.0" (instance $nothing)))

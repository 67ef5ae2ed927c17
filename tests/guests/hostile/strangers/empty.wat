;; A component of nothing.
;; 103: it exports nothing, and not genie:selector/select@0.1.0
(component)

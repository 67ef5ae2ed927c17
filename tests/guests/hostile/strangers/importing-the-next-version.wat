;; Imports a version that this host does not speak.
;; 103: built for genie:selector@0.9.0
(component
  (import "genie:selector/log@0.9.0" (instance))
  (instance $s)
  (export "genie:selector/select@0.1.0" (instance $s)))

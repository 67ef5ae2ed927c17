;; Built for a version that this host does not speak.
;; 103: built for genie:selector@0.2.0
(component
  (instance $s)
  (export "genie:selector/select@0.2.0" (instance $s)))

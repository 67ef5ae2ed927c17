;; The interface by its name, and not the function that makes it one.
;; 103: does not fit this host
(component
  (instance $nothing)
  (export "genie:selector/select@0.1.0" (instance $nothing)))

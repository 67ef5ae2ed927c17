;; Asks for a function of `log` that there is not.
;; 103: does not fit this host
(component
  (import "genie:selector/log@0.1.0" (instance (export "run" (func (param "command" string)))))
  (instance $s)
  (export "genie:selector/select@0.1.0" (instance $s)))

;; Asks for an interface of ours that there is not.
;; 103: imports genie:selector/host@0.1.0, which no selector gets
(component
  (import "genie:selector/host@0.1.0" (instance (export "run" (func (param "command" string)))))
  (instance $s)
  (export "genie:selector/select@0.1.0" (instance $s)))

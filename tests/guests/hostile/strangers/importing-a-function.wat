;; Asks for a function without an interface.
;; 103: imports system, which no selector gets
(component
  (import "system" (func (param "command" string)))
  (instance $s)
  (export "genie:selector/select@0.1.0" (instance $s)))

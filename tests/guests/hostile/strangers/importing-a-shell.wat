;; Asks for a shell.
;; 103: imports evil:host/shell@1.0.0, which no selector gets
(component
  (import "evil:host/shell@1.0.0" (instance (export "run" (func (param "command" string)))))
  (instance $s)
  (export "genie:selector/select@0.1.0" (instance $s)))

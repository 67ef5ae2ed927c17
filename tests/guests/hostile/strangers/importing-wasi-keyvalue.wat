;; Asks for a store that would outlast the call.
;; 103: imports wasi:keyvalue/store@0.2.0, which no selector gets
(component
  (import "wasi:keyvalue/store@0.2.0" (instance))
  (instance $s)
  (export "genie:selector/select@0.1.0" (instance $s)))

;; Asks for HTTP.
;; 103: imports wasi:http/outgoing-handler@0.2.0, which no selector gets
(component
  (import "wasi:http/outgoing-handler@0.2.0" (instance))
  (instance $s)
  (export "genie:selector/select@0.1.0" (instance $s)))

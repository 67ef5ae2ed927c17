;; Wants more than the 1 MiB that its entry of the configuration allows.
;; limits: {"memory": "1Mi"}
;; 103: went over its memory limit of 1Mi
(memory $memory 17)

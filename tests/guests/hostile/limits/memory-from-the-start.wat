;; Declares 2 GiB, before any of its code runs.
;; 103: went over its memory limit of 64Mi
(memory $memory 32768)

;; Two memories, each below the limit.
;; 103: went over its memory limit of 64Mi
(memory 600)
(memory 600)

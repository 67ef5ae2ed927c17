;; Nine memories, each empty.
;; 103: memory count too high
(memory 0) (memory 0) (memory 0) (memory 0) (memory 0) (memory 0) (memory 0) (memory 0)

;; Declares a table of 40 million functions.
;; 103: went over the limit of 100000 table elements
(table 40000000 funcref)

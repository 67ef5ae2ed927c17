;; 72 instances of nothing.
;; beside a well-behaved selector
;; 103: instance count too high
(component
  (component $eight
    (core module $nothing)
    (core instance (instantiate $nothing))
    (core instance (instantiate $nothing))
    (core instance (instantiate $nothing))
    (core instance (instantiate $nothing))
    (core instance (instantiate $nothing))
    (core instance (instantiate $nothing))
    (core instance (instantiate $nothing))
    (core instance (instantiate $nothing)))
  (instance (instantiate $eight))
  (instance (instantiate $eight))
  (instance (instantiate $eight))
  (instance (instantiate $eight))
  (instance (instantiate $eight))
  (instance (instantiate $eight))
  (instance (instantiate $eight))
  (instance (instantiate $eight))
  (instance (instantiate $eight)))

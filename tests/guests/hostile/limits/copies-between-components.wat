;; Two components, one of which tells the other 16 MB again and again: few instructions,
;; and it is the host that copies.
;; beside a well-behaved selector
;; timeout: "3s"
;; 11: run-selector`, which failed: the time for this CNI call ran out
(component
  (component $ear
    (core module $code
      (memory (export "memory") 320)
      (func (export "room") (param i32 i32 i32 i32) (result i32) (i32.const 65536))
      (func (export "hear") (param i32 i32)))
    (core instance $code (instantiate $code))
    (func (export "hear") (param "words" string)
      (canon lift (core func $code "hear") (memory $code "memory") (realloc (func $code "room")))))
  (component $mouth
    (import "hear" (func $hear (param "words" string)))
    (core module $memory (memory (export "memory") 320))
    (core instance $memory (instantiate $memory))
    (core func $hear (canon lower (func $hear) (memory $memory "memory")))
    (core module $code
      (import "ear" "hear" (func $hear (param i32 i32)))
      (func $begin
        (loop $again
          (call $hear (i32.const 0) (i32.const 16000000))
          (br $again)))
      (start $begin))
    (core instance $ear (export "hear" (func $hear)))
    (core instance $code (instantiate $code (with "ear" (instance $ear)))))
  (instance $ear (instantiate $ear))
  (instance (instantiate $mouth (with "hear" (func $ear "hear")))))

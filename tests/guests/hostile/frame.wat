;; What every selector of the corpus has: its exports, and words for an answer.
;;
;; Memory: 64 zeros (an empty text, `pass`), 128 the answer, 1024 "weave", 2048 what a
;; file writes, 4096 the attachments of the plan (96 bytes each), 65536 the heap.

(export "genie:selector/select@0.1.0#describe" (func $describe))
(export "genie:selector/select@0.1.0#select" (func $select))
(export "cabi_realloc" (func $realloc))
(export "memory" (memory $memory))
(data (memory $memory) (i32.const 1024) "weave")

;; The address of an attachment.
(func $attachment (param $index i32) (result i32)
  (i32.add (i32.const 4096) (i32.mul (local.get $index) (i32.const 96))))

;; Writes a text, or a list, at an address.
(func $text (param $at i32) (param $text i32) (param $length i32)
  (i32.store (local.get $at) (local.get $text))
  (i32.store offset=4 (local.get $at) (local.get $length)))

;; Writes an optional text of an attachment: 20 interface, 40 mac, 60 runtime-config, 72 patch.
(func $option (param $index i32) (param $field i32) (param $text i32) (param $length i32)
  (local $at i32)
  (local.set $at (i32.add (call $attachment (local.get $index)) (local.get $field)))
  (i32.store8 (local.get $at) (i32.const 1))
  (call $text (i32.add (local.get $at) (i32.const 4)) (local.get $text) (local.get $length)))

;; Where an attachment's network comes from: 0 installed, 2 inline.
(func $source (param $index i32) (param $kind i32) (param $text i32) (param $length i32)
  (local $at i32)
  (local.set $at (call $attachment (local.get $index)))
  (i32.store8 (local.get $at) (local.get $kind))
  (call $text (i32.add (local.get $at) (i32.const 4)) (local.get $text) (local.get $length)))

;; The attachment to the installed network `weave`.
(func $weave (param $index i32)
  (call $source (local.get $index) (i32.const 0) (i32.const 1024) (i32.const 5)))

;; The answer: a plan of the first so many attachments.
(func $plan (param $count i32) (result i32)
  (i32.store8 (i32.const 128) (i32.const 0))
  (i32.store8 (i32.const 132) (i32.const 1))
  (call $text (i32.const 136) (i32.const 4096) (local.get $count))
  (call $text (i32.const 144) (i32.const 1024) (i32.const 5))
  (i32.const 128))

;; The answer: a merged result, and no annotations.
(func $merged (param $result i32) (param $length i32) (result i32)
  (i32.store8 (i32.const 128) (i32.const 0))
  (call $text (i32.const 132) (local.get $result) (local.get $length))
  (call $text (i32.const 140) (i32.const 0) (i32.const 0))
  (i32.const 128))

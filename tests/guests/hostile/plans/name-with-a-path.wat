;; A network whose name is a path: host-local makes a directory of it.
;; grant: [{"inline":["weave-net"]}]
;; 7: name
(data (i32.const 2048) "{\"cniVersion\":\"1.0.0\",\"name\":\"../../../etc\",\"type\":\"weave-net\"}")
(func $select (param i32) (result i32)
  (call $source (i32.const 0) (i32.const 2) (i32.const 2048) (i32.const 63))
  (call $plan (i32.const 1)))

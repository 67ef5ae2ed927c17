# shellcheck shell=bash
# The reference scenario without a cluster: one node with the real calico, its
# etcd, and the real flannel. For bash scripts, as root:
#
#   source tests/scenario/lib.sh
#   scenario_start                                # stops by itself at exit
#   pod_create busybox1
#   cni add 10-calico.conflist busybox1           # prints the result
#   pod busybox1 ip address                       # runs a command in the pod
#   cni del 10-calico.conflist busybox1
#   pod_delete busybox1
#
# The node is a network namespace and a mount namespace of its own, so its
# interfaces, iptables rules and files are nobody else's, any number of
# scenarios can run at once, and when its processes are gone, so is all of it.
# Beside it stands the `world`, one namespace further, for looking at the node
# from outside. Nothing can leave these namespaces.
#
# Environment: GENIE_TOOLS, where tests/tools/build put the programs;
# SCENARIO_PLUGINS, absolute directories searched for plugins before those.

SCENARIO_ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# Absolute, because whoever enters a mount namespace ends up in its root.
GENIE_TOOLS=$(realpath -m "${GENIE_TOOLS:-$SCENARIO_ROOT/../../target/tools}")

NODE_NAME=master
NODE_IP=192.0.2.1
WORLD_IP=192.0.2.2
CALICO_POOL=172.120.0.0/16
FLANNEL_NETWORK=172.96.0.0/16
FLANNEL_SUBNET=172.96.0.1/24
# Nobody else is on the node's loopback, so the usual port is always free.
ETCD=http://127.0.0.1:2379

SCRATCH=
IN_NODE=()
SCENARIO_PIDS=()

# === Life of the node ===

scenario_start() {
  (( EUID == 0 )) || { echo 'the scenario needs root, for its namespaces' >&2; return 1; }
  [[ -x $GENIE_TOOLS/bin/cnitool ]] || { echo "no cnitool in $GENIE_TOOLS: run tests/tools/build" >&2; return 1; }
  SCRATCH=$(mktemp -d "${TMPDIR:-/tmp}/scenario.XXXXXX")
  trap scenario_stop EXIT

  start_process "$SCRATCH/node.log" unshare --net --mount --propagation private sleep infinity
  IN_NODE=(nsenter --target "$STARTED_PID" --net --mount --)
  # By the time it is `sleep`, it has its namespaces.
  await 'the node to start' grep -qx sleep "/proc/$STARTED_PID/comm"

  give_node_its_own_files
  join_node_and_world
  start_etcd
  write_configuration
}

scenario_stop() {
  [[ $SCRATCH ]] || return 0
  local pid
  for pid in "${SCENARIO_PIDS[@]}"; do kill -KILL "$pid" || true; done 2> /dev/null
  for pid in "${SCENARIO_PIDS[@]}"; do wait "$pid" || true; done 2> /dev/null
  rm -rf "$SCRATCH"
  SCRATCH='' IN_NODE=() SCENARIO_PIDS=()
}

# Some paths have no configuration key, so the node gets its own directories:
#   /run             calico/ipam.lock and calico/cni/ipam_upgraded of
#                    calico-ipam, xtables.lock of iptables, and netns, where
#                    `ip netns` keeps the pods' names
#   /var/lib/cni     the results that libcni keeps between ADD and DEL
#   /var/lib/calico  where calico/node tells the plugin the MTU; without it the
#                    plugin writes an error to stderr on every call
# Of /var/lib the node gets a whole one of its own, so that nothing needs to be made on
# the machine to mount on.
give_node_its_own_files() {
  local path
  mkdir -p "$SCRATCH"/files/var/lib/{cni,calico}
  for path in /run /var/lib; do
    mkdir -p "$SCRATCH/files$path"
    node mount --bind "$SCRATCH/files$path" "$path"
  done
  echo 1440 > "$SCRATCH/files/var/lib/calico/mtu"
}

# The world routes to the pods over the node, as a BGP peer of calico's would.
join_node_and_world() {
  node ip link set lo up
  node ip netns add world
  node ip link add eth0 type veth peer name eth0 netns world
  node ip address add "$NODE_IP/24" dev eth0
  node ip link set eth0 up
  world ip link set lo up
  world ip address add "$WORLD_IP/24" dev eth0
  world ip link set eth0 up
  world ip route add default via "$NODE_IP"
  node ip route add default via "$WORLD_IP"
  # What every Kubernetes node has.
  node sh -c 'echo 1 > /proc/sys/net/ipv4/ip_forward'
}

start_etcd() {
  local peer=http://127.0.0.1:2380
  start_process "$SCRATCH/etcd.log" "${IN_NODE[@]}" etcd --name "$NODE_NAME" --data-dir "$SCRATCH/etcd" \
    --listen-client-urls "$ETCD" --advertise-client-urls "$ETCD" \
    --listen-peer-urls "$peer" --initial-advertise-peer-urls "$peer" \
    --initial-cluster "$NODE_NAME=$peer" --heartbeat-interval 10 --election-timeout 100
  await 'etcd to answer' etcdctl_node endpoint health

  # The three objects without which calico's plugin refuses to work; in a
  # cluster, calico/node and calicoctl write them.
  put_calico_object IPPool ippools default-ipv4-ippool "{
    \"cidr\": \"$CALICO_POOL\", \"blockSize\": 26, \"ipipMode\": \"Never\", \"vxlanMode\": \"Never\",
    \"natOutgoing\": false, \"nodeSelector\": \"all()\", \"allowedUses\": [\"Workload\"]}"
  put_calico_object Node nodes "$NODE_NAME" "{\"bgp\": {\"ipv4Address\": \"$NODE_IP/24\"}}"
  put_calico_object ClusterInformation clusterinformations default '{"datastoreReady": true}'
}

put_calico_object() {
  local kind=$1 plural=$2 name=$3 spec=$4
  jq --compact-output --null-input --arg kind "$kind" --arg name "$name" --argjson spec "$spec" \
    --arg uid "$(< /proc/sys/kernel/random/uuid)" '{
      apiVersion: "projectcalico.org/v3", kind: $kind, spec: $spec,
      metadata: {name: $name, uid: $uid, creationTimestamp: "2026-01-01T00:00:00Z"}}' |
    etcdctl_node put "/calico/resources/v3/projectcalico.org/$plural/$name" > /dev/null
}

# The conf dir from its templates, and what flanneld would have written.
write_configuration() {
  cp -R "$SCENARIO_ROOT/net.d" "$SCRATCH/net.d"
  chmod 0600 "$SCRATCH"/net.d/*-kubeconfig # as installers do; git keeps no such mode
  sed -i -e "s|@SCRATCH@|$SCRATCH|g" -e "s|@ETCD@|$ETCD|g" -e "s|@NODE@|$NODE_NAME|g" \
    "$SCRATCH"/net.d/*.conf "$SCRATCH"/net.d/*.conflist
  mkdir "$SCRATCH/flannel"
  printf '%s\n' "FLANNEL_NETWORK=$FLANNEL_NETWORK" "FLANNEL_SUBNET=$FLANNEL_SUBNET" \
    FLANNEL_MTU=1500 FLANNEL_IPMASQ=true > "$SCRATCH/flannel/subnet.env"
}

# === Running things ===

node() { "${IN_NODE[@]}" "$@"; }
pod() { node nsenter "--net=/run/netns/$1" -- "${@:2}"; }
world() { pod world "$@"; }

# Runs `start_process LOG COMMAND…` until scenario_stop, or until this shell is
# gone for whatever reason. Sets STARTED_PID.
start_process() {
  local log=$1
  shift
  setpriv --pdeathsig KILL -- "$@" > "$log" 2>&1 < /dev/null &
  STARTED_PID=$!
  SCENARIO_PIDS+=("$STARTED_PID")
}

# Waits until a command succeeds: `await WHAT COMMAND…`.
await() {
  local what=$1 deadline=$((SECONDS + ${AWAIT_SECONDS:-10}))
  shift
  until "$@" > /dev/null 2>&1; do
    if (( SECONDS >= deadline )); then
      echo "waited in vain for $what; logs:" >&2
      tail -n 20 "$SCRATCH"/*.log >&2
      return 1
    fi
    sleep 0.02
  done
}

etcdctl_node() { node env ETCDCTL_API=3 etcdctl --endpoints "$ETCD" --command-timeout 2s "$@"; }

# === Pods ===

pod_create() {
  node ip netns add "$1"
  pod "$1" ip link set lo up
}

# Takes the namespace away. Networks are the caller's: `cni del` comes first.
pod_delete() { node ip netns delete "$1"; }

# Serves its own name over HTTP in a pod: `pod_serve NAME PORT`.
pod_serve() {
  mkdir -p "$SCRATCH/www/$1" && echo "$1" > "$SCRATCH/www/$1/index.html"
  start_process "$SCRATCH/www/$1.log" "${IN_NODE[@]}" nsenter "--net=/run/netns/$1" -- \
    busybox httpd -f -p "$2" -h "$SCRATCH/www/$1"
  await "$1 to serve port $2" pod "$1" busybox wget -q -O /dev/null "http://127.0.0.1:$2/"
}

# The annotations of a pod of this scenario as JSON, in the shape in which
# containerd hands them over: a capability for CAP_ARGS.
pod_annotations() {
  sed -n '/^  annotations:/,/^[^ ]\|^  [^ ]/ s/^    \([^:]*\): *"\{0,1\}\([^"]*\)"\{0,1\}$/\1\n\2/p' \
    "$SCENARIO_ROOT/pods/$1.yaml" |
    jq --raw-input --null-input '[inputs] | [range(0; length; 2) as $i | {(.[$i]): .[$i + 1]}] | add // {}'
}

# === Networks ===

# `cni add|check|del FILE POD [INTERFACE]`: what a runtime does with one file of
# the conf dir. CNI_ARGS and CAP_ARGS (runtimeConfig, as JSON) reach the plugins.
cni() {
  local action=$1 file=$2 pod=$3 interface=${4:-eth0} only
  # cnitool looks networks up by name, and genie's and calico's are called the
  # same (as in the walkthrough). A runtime goes by file.
  only=$SCRATCH/only/$file
  mkdir -p "$only" && cp "$SCRATCH/net.d/$file" "$only/"
  node env "NETCONFPATH=$only" "CNI_IFNAME=$interface" \
    "CNI_PATH=${SCENARIO_PLUGINS:+$SCENARIO_PLUGINS:}$GENIE_TOOLS/cni" \
    "$GENIE_TOOLS/bin/cnitool" "$action" "$(jq --raw-output .name "$only/$file")" "/run/netns/$pod"
}

# The address of a pod's interface, without its prefix length.
pod_address() { pod "$1" ip -json -4 address show dev "${2:-eth0}" | jq --raw-output '.[].addr_info[].local'; }

# All that attachments leave on the node, for a comparison of before and after.
# Not in it is what outlives the last pod by design: the bridge, portmap's empty
# shared chains, calico's address block with its affinity and its profile,
# host-local's bookkeeping.
node_state() {
  node ip -json link | jq --raw-output '.[].ifname | select(. != "cni0") | "link \(.)"'
  node iptables-save | grep -E 'CNI-(DN-)?[0-9a-f]{21}' || true
  etcdctl_node get --prefix --keys-only / | grep -E '/ipam/v2/handle/|/workloadendpoints/' || true
  etcdctl_node get --prefix --print-value-only /calico/ipam/v2/assignment |
    jq --raw-output '"addresses in \(.cidr): \([.allocations[] | values] | length)"' | grep -v ': 0$' || true
  (cd "$SCRATCH" && find flannel/pods host-local files/var/lib/cni -type f ! -name lock ! -name 'last_reserved_ip.*' 2> /dev/null) || true
}

//! The reference scenario, with the real calico on its etcd and the real flannel.
//! `tests/scenario/lib.sh` describes the scenario itself.

use std::process::Command;

use genie_tests::programs;

/// The beginning of all scripts: genie attaches a pod as its manifest asks.
const PRELUDE: &str = r#"
source "$REPOSITORY/tests/scenario/lib.sh"
scenario_start
before=$(node_state)
genie() { # add|check|del POD
  # Without the pod's name: with it, calico asks the API server for its labels.
  CAP_ARGS=$(jq -n --argjson annotations "$(pod_annotations "$2")" --argjson ports "${PORTS:-[]}" \
    '{"io.kubernetes.cri.pod-annotations": $annotations, portMappings: $ports}') \
    cni "$1" 00-genie.conf "$2"
}
expect() { # WHAT EXPECTED ACTUAL
  [[ $3 == $2 ]] || { echo "$1: expected $2, got $3" >&2; exit 1; }
}
link_mtu() { pod "$1" ip -json link show dev "$2" | jq .[0].mtu; }
prefixed() { pod "$1" ip -json -4 address show dev "$2" | jq -r '.[].addr_info[] | "\(.local)/\(.prefixlen)"'; }
nothing_left() { expect 'what is left' "$before" "$(node_state)"; }
"#;

fn scenario(script: &str) {
    let dist = programs::dist("genie");
    programs::cnitool();
    let output = Command::new("bash")
        .args(["-euo", "pipefail", "-c", &format!("{PRELUDE}\n{script}")])
        .env("REPOSITORY", programs::root())
        .env("SCENARIO_PLUGINS", dist.parent().expect("a program is in a directory"))
        .output()
        .expect("bash runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&[output.stdout, output.stderr].concat()));
}

#[test]
fn busybox1_gets_calico() {
    scenario(
        r#"
        pod_create busybox1
        genie add busybox1 > "$SCRATCH/result"
        expect address '172.120.*/32' "$(prefixed busybox1 eth0)"
        expect MTU 1440 "$(link_mtu busybox1 eth0)"
        pod busybox1 ping -c 1 -W 5 -q "$WORLD_IP" > /dev/null
        genie check busybox1
        genie del busybox1
        genie del busybox1
        nothing_left
        "#,
    );
}

#[test]
fn busybox2_gets_flannel_because_it_asks_and_busybox3_because_it_does_not() {
    scenario(
        r#"
        for name in busybox2 busybox3; do
          pod_create $name
          genie add $name > "$SCRATCH/result"
          expect "address of $name" '172.96.0.*/24' "$(prefixed $name eth0)"
          expect "MTU of $name" 1500 "$(link_mtu $name eth0)"
        done
        pod busybox2 ping -c 1 -W 5 -q "$(pod_address busybox3)" > /dev/null
        for name in busybox2 busybox3; do genie del $name; done
        nothing_left
        "#,
    );
}

#[test]
fn busybox4_gets_both() {
    scenario(
        r#"
        pod_create busybox4
        genie add busybox4 > "$SCRATCH/result"
        expect calico '172.120.*/32' "$(prefixed busybox4 eth0)"
        expect flannel '172.96.0.*/24' "$(prefixed busybox4 eth1)"
        expect 'first address' '172.120.*/32' "$(jq -r '.ips[0].address' "$SCRATCH/result")"
        for interface in eth0 eth1; do world ping -c 1 -W 5 -q "$(pod_address busybox4 $interface)" > /dev/null; done
        genie del busybox4
        nothing_left
        "#,
    );
}

#[test]
fn a_host_port_of_a_calico_pod_works() {
    scenario(
        r#"
        PORTS='[{"HostPort": 8080, "ContainerPort": 80, "Protocol": "tcp", "HostIP": ""}]'
        pod_create busybox1
        genie add busybox1 > "$SCRATCH/result"
        pod_serve busybox1 80
        expect greeting busybox1 "$(world busybox wget -q -O - "http://$NODE_IP:8080/")"
        genie del busybox1
        nothing_left
        "#,
    );
}

#[test]
fn del_needs_neither_etcd_nor_conf_dir_to_know_what_to_undo() {
    scenario(
        r#"
        pod_create busybox4
        genie add busybox4 > "$SCRATCH/result"
        mv "$SCRATCH/net.d/10-calico.conflist" "$SCRATCH/net.d/10-flannel.conflist" "$SCRATCH"
        genie del busybox4
        nothing_left
        "#,
    );
}

#[test]
fn calico_behind_flannel_leaves_the_default_route_to_flannel() {
    scenario(
        r#"
        pod_annotations() { echo '{"cni": "flannel,calico"}'; }
        pod_create busybox4
        genie add busybox4 > "$SCRATCH/result"
        expect flannel '172.96.0.*/24' "$(prefixed busybox4 eth0)"
        expect calico '172.120.*/32' "$(prefixed busybox4 eth1)"
        expect 'default route' 'default via 172.96.0.1 dev eth0 ' "$(pod busybox4 ip -4 route show default)"
        expect 'source address' '*src 172.96.0.*' "$(pod busybox4 ip route get 192.0.2.1)"
        genie check busybox4
        genie del busybox4
        nothing_left
        "#,
    );
}

#[test]
fn flannel_behind_calico_leaves_the_default_route_to_calico() {
    scenario(
        r#"
        pod_create busybox4
        genie add busybox4 > "$SCRATCH/result"
        expect 'default route' 'default via 169.254.1.1 dev eth0 ' "$(pod busybox4 ip -4 route show default)"
        expect 'source address' '*src 172.120.*' "$(pod busybox4 ip route get 192.0.2.1)"
        expect 'default routes of the result' 0 "$(jq '[.routes[]? | select(.dst == "0.0.0.0/0")] | length' "$SCRATCH/result")"
        genie check busybox4
        genie del busybox4
        nothing_left
        "#,
    );
}

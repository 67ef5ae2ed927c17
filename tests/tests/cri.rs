//! Real runtimes, asked through CRI as kubelet asks them: containerd 1.6 and 2, with the
//! scenario's conf dir, the real calico (on its etcd) and the real flannel. CRI-O is in
//! `cri_crio.rs`, readiness in `cri_status.rs`.

use anyhow::Result;
use genie_tests::cri::{CriNode, Pod, Runtime};

/// Each case with each runtime.
macro_rules! cases {
    ($($case:ident)*) => {
        mod containerd_1_6 {
            $(#[test] fn $case() -> anyhow::Result<()> { super::$case(super::Runtime::CONTAINERD_1_6) })*
        }
        mod containerd_2 {
            $(#[test] fn $case() -> anyhow::Result<()> { super::$case(super::Runtime::CONTAINERD_2) })*
        }
    };
}

cases! {
    the_ip_that_cri_reports_is_on_the_runtimes_interface
}

fn the_ip_that_cri_reports_is_on_the_runtimes_interface(runtime: Runtime) -> Result<()> {
    let node = CriNode::start(runtime)?;
    let before = node.traces()?;
    for (network, pool, prefix, mtu) in [("calico", "172.120.", 32, 1440), ("flannel", "172.96.0.", 24, 1500)] {
        let id = node.run_pod(&Pod::on(network, network))?;
        let reported = node.reported_ips(&id)?;
        assert_eq!(reported.len(), 1, "{reported:?}");
        assert!(reported[0].starts_with(pool), "{reported:?}");
        let seen = node.in_pod(&id, "ip -o -4 address show dev eth0; ip -o link show dev eth0")?;
        assert!(seen.contains(&format!(" {}/{prefix} ", reported[0])), "{reported:?} {seen}");
        assert!(seen.contains(&format!(" mtu {mtu} ")), "{seen}");
        assert!(node.world.reaches(&reported[0]), "{reported:?}");
        node.stop_pod(&id)?;
        node.remove_pod(&id)?;
        node.nothing_since(&before)?;
    }
    Ok(())
}

//! Nodes with different runtimes and distributions.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use tempfile::TempDir;

use super::Reads;
use super::look;

struct Root(TempDir);

impl Root {
    fn new(files: &[(&str, &str)]) -> Self {
        let root = Self(tempfile::tempdir().unwrap());
        for (path, text) in files {
            root.write(path, text);
        }
        root
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.0.path().join(path.trim_start_matches('/'));
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn look_for(&self, conf_dir: &str, bin_dir: &str) -> Reads {
        look(self.0.path(), Path::new(conf_dir), Path::new(bin_dir))
    }

    fn look(&self) -> Reads {
        self.look_for("/etc/cni/net.d", "/opt/cni/bin")
    }

    #[track_caller]
    fn reads_ours(&self, who: &str) {
        let found = self.look();
        assert!(matches!(&found, Reads::Ours(by) if by.contains(who)), "{who:?}: {found:?}");
    }

    #[track_caller]
    fn reads_others(&self, parts: &[&str]) {
        let Reads::Others { what, advice } = self.look() else { panic!("{:?}", self.look()) };
        for part in parts {
            assert!(what.contains(part) || advice.contains(part), "{part:?}: {what}: {advice}");
        }
    }
}

const CONTAINERD: &str = "/run/containerd/containerd.sock";
const CONFIG: &str = "/etc/containerd/config.toml";
const K3S: &str = "/var/lib/rancher/k3s/agent/etc/containerd/config.toml";

#[test]
fn a_node_without_any_runtime_that_is_known_says_nothing() {
    assert_eq!(Root::new(&[]).look(), Reads::Unknown);
    // containerd may be installed for other things than Kubernetes.
    assert_eq!(Root::new(&[(CONFIG, "version = 2\n")]).look(), Reads::Unknown);
    // What this runtime reads is not known.
    assert_eq!(Root::new(&[(CONTAINERD, ""), (CONFIG, "version = [")]).look(), Reads::Unknown);
    assert_eq!(Root::new(&[("/run/k3s/containerd/containerd.sock", ""), (CONTAINERD, "")]).look(), Reads::Unknown);
}

#[test]
fn containerd_in_every_way_it_was_ever_written() {
    Root::new(&[(CONTAINERD, "")]).reads_ours("its default");
    Root::new(&[(CONTAINERD, ""), (CONFIG, "version = 2\n")]).reads_ours("the default: /etc/containerd/config.toml");
    for (config, dir) in [
        ("[plugins.cri.cni]\nconf_dir = \"/a/net.d\"\n", "/a/net.d"),
        ("version = 2\n[plugins.\"io.containerd.grpc.v1.cri\".cni]\nconf_dir = '/b/net.d'\n", "/b/net.d"),
        (
            "version = 3\n[plugins.'io.containerd.cri.v1.runtime'.cni]\nconf_dir = \"/c/net.d\"\nbin_dirs = ['/opt/cni/bin']",
            "/c/net.d",
        ),
    ] {
        let root = Root::new(&[(CONTAINERD, ""), (CONFIG, config)]);
        let flag = format!("--conf-dir={dir}");
        root.reads_others(&["containerd reads", dir, "conf_dir of /etc/containerd/config.toml", &flag, "--trust-dirs"]);
        assert!(matches!(root.look_for(dir, "/opt/cni/bin"), Reads::Ours(_)));
    }
    let off = "disabled_plugins = [\"cri\"]\n[plugins.cri.cni]\nconf_dir = \"/a\"";
    assert_eq!(Root::new(&[(CONTAINERD, ""), (CONFIG, off)]).look(), Reads::Unknown);
}

#[test]
fn plugins_that_nobody_would_find_are_told_of() {
    let config = "version = 2\n[plugins.\"io.containerd.grpc.v1.cri\".cni]\nbin_dir = \"/usr/lib/cni\"\n";
    let root = Root::new(&[(CONTAINERD, ""), (CONFIG, config)]);
    root.reads_others(&["looks for plugins in /usr/lib/cni, not in /opt/cni/bin", "--bin-dir=/usr/lib/cni"]);
    let config = "version = 3\n[plugins.'io.containerd.cri.v1.runtime'.cni]\nbin_dirs = ['/x', '/opt/cni/bin/']\n";
    Root::new(&[(CONTAINERD, ""), (CONFIG, config)]).reads_ours("containerd");
}

#[test]
fn what_a_configuration_imports_counts() {
    let config = "imports = [\"/etc/containerd/conf.d/*.toml\"]\nversion = 2\n";
    let part = |dir: &str| format!("version = 2\n[plugins.\"io.containerd.grpc.v1.cri\".cni]\nconf_dir = \"{dir}\"\n");
    let root = Root::new(&[
        (CONTAINERD, ""),
        (CONFIG, config),
        ("/etc/containerd/conf.d/10-a.toml", &part("/etc/cni/net.d")),
        ("/etc/containerd/conf.d/20-b.toml", &part("/elsewhere")),
        ("/etc/containerd/conf.d/30-c.bak", &part("/nowhere")),
    ]);
    root.reads_others(&["/elsewhere"]);
    // A file that imports itself does no harm.
    root.write("/etc/containerd/conf.d/20-b.toml", "imports = ['20-b.toml']");
    root.reads_ours("containerd");
}

#[test]
fn cri_o_and_its_parts() {
    let socket = ("/run/crio/crio.sock", "");
    Root::new(&[socket]).reads_ours("CRI-O");
    let main = ("/etc/crio/crio.conf", "[crio.network]\nnetwork_dir = \"/a\"\nplugin_dirs = [\"/usr/libexec/cni\"]\n");
    let part =
        "[crio]\n[crio.network]\nnetwork_dir = \"/etc/kubernetes/cni/net.d/\"\nplugin_dirs = [\"/var/lib/cni/bin\"]\n";
    let parts = [("/etc/crio/crio.conf.d/00-default", part), ("/etc/crio/crio.conf.d/10-x", "[crio.image]\n")];
    let root = Root::new(&[socket, main, parts[0], parts[1]]);
    root.reads_others(&[
        "/etc/kubernetes/cni/net.d",
        "network_dir of /etc/crio/crio.conf.d/00-default",
        "/var/lib/cni/bin",
    ]);
    assert!(matches!(root.look_for("/etc/kubernetes/cni/net.d", "/var/lib/cni/bin"), Reads::Ours(_)));
}

#[test]
fn what_a_distribution_has_brought_along_goes_first() {
    let k3s = "version = 3\n[plugins.'io.containerd.cri.v1.runtime'.cni]\nbin_dirs = ['/var/lib/rancher/k3s/data/cni']\n\
               conf_dir = '/var/lib/rancher/k3s/agent/etc/cni/net.d'\n";
    let says = ["k3s reads", "/var/lib/rancher/k3s/agent/etc/cni/net.d", "--bin-dir=/var/lib/rancher/k3s/data/cni"];
    let socket = ("/run/k3s/containerd/containerd.sock", "");
    Root::new(&[(K3S, k3s)]).reads_others(&says);
    Root::new(&[socket, (K3S, k3s), (CONTAINERD, ""), (CONFIG, "")]).reads_others(&says);
    // Without a configuration of its own network, k3s reads the usual directories.
    Root::new(&[socket, (K3S, "version = 3\n")]).reads_ours("k3s");
    // k3s was there once; another runtime runs.
    Root::new(&[(K3S, k3s), (CONTAINERD, "")]).reads_ours("containerd");
    let dir = "/var/lib/rancher/k3s/agent/etc/cni/net.d/10-flannel.conflist";
    Root::new(&[(dir, "{}")]).reads_others(&says[..2]);
    let rke2 = ("/var/lib/rancher/rke2/agent/etc/containerd/config.toml", "version = 2\n");
    Root::new(&[socket, rke2]).reads_ours("rke2");
    Root::new(&[("/run/k0s/containerd.sock", ""), ("/etc/k0s/containerd.toml", "version = 2\n")]).reads_ours("k0s");
}

#[test]
fn microk8s_is_found_through_its_link_and_its_variable() {
    let root = Root::new(&[
        ("/var/snap/microk8s/common/run/containerd.sock", ""),
        (
            "/var/snap/microk8s/7/args/containerd.toml",
            "version = 2\n[plugins.\"io.containerd.grpc.v1.cri\".cni]\nbin_dir = \"${SNAP_DATA}/opt/cni/bin\"\n\
             conf_dir = \"${SNAP_DATA}/args/cni-network\"\n",
        ),
        ("/var/snap/microk8s/7/args/cni-network/10-calico.conflist", "{}"),
        ("/var/snap/microk8s/7/opt/cni/bin/calico", ""),
    ]);
    // The link is as on a node.
    symlink("/var/snap/microk8s/7", root.0.path().join("var/snap/microk8s/current")).unwrap();
    root.reads_others(&["MicroK8s reads", "--conf-dir=/var/snap/microk8s/current/args/cni-network"]);
    for version in ["current", "7"] {
        let at = |part: &str| format!("/var/snap/microk8s/{version}/{part}");
        assert!(matches!(root.look_for(&at("args/cni-network"), &at("opt/cni/bin")), Reads::Ours(_)));
    }
}

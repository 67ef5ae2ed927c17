//! Where runtimes and distributions of Kubernetes keep their things.

/// How a configuration is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// containerd's, of any version.
    Containerd,
    /// CRI-O's, with the directory of its parts.
    Crio(&'static str),
}

/// A runtime that is known by name.
#[derive(Clone, Copy, Debug)]
pub struct Known {
    /// What people call it.
    pub name: &'static str,
    /// It serves nothing but Kubernetes: a distribution has brought it along.
    pub is_own: bool,
    /// Is there while it runs.
    pub socket: &'static str,
    /// Its configuration.
    pub config: &'static str,
    /// How that is written.
    pub kind: Kind,
    /// What the distribution has it read, as far as there is no configuration to ask.
    pub conf_dir: Option<&'static str>,
    /// A name in the configuration that stands for a directory.
    pub variable: Option<(&'static str, &'static str)>,
}

const CONTAINERD: Known = Known {
    name: "containerd",
    is_own: false,
    socket: "/run/containerd/containerd.sock",
    config: "/etc/containerd/config.toml",
    kind: Kind::Containerd,
    conf_dir: None,
    variable: None,
};

/// All of them.
pub const KNOWN: [Known; 6] = [
    Known {
        name: "k3s",
        is_own: true,
        socket: "/run/k3s/containerd/containerd.sock",
        config: "/var/lib/rancher/k3s/agent/etc/containerd/config.toml",
        conf_dir: Some("/var/lib/rancher/k3s/agent/etc/cni/net.d"),
        ..CONTAINERD
    },
    Known {
        name: "rke2",
        is_own: true,
        socket: "/run/k3s/containerd/containerd.sock",
        config: "/var/lib/rancher/rke2/agent/etc/containerd/config.toml",
        ..CONTAINERD
    },
    Known {
        name: "MicroK8s",
        is_own: true,
        socket: "/var/snap/microk8s/common/run/containerd.sock",
        config: "/var/snap/microk8s/current/args/containerd.toml",
        conf_dir: Some("/var/snap/microk8s/current/args/cni-network"),
        variable: Some(("${SNAP_DATA}", "/var/snap/microk8s/current")),
        ..CONTAINERD
    },
    Known {
        name: "k0s",
        is_own: true,
        socket: "/run/k0s/containerd.sock",
        config: "/etc/k0s/containerd.toml",
        ..CONTAINERD
    },
    CONTAINERD,
    Known {
        name: "CRI-O",
        socket: "/run/crio/crio.sock",
        config: "/etc/crio/crio.conf",
        kind: Kind::Crio("/etc/crio/crio.conf.d"),
        ..CONTAINERD
    },
];

//! Where runtimes and distributions of Kubernetes keep their files.

/// The format of a runtime's configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The format of containerd, of any version.
    Containerd,
    /// The format of CRI-O, with the directory of its further files.
    Crio(&'static str),
}

/// A runtime that is known by name.
#[derive(Clone, Copy, Debug)]
pub struct Known {
    /// The runtime's usual name.
    pub name: &'static str,
    /// Whether the runtime serves nothing but Kubernetes, because a distribution has brought it
    /// along.
    pub is_own: bool,
    /// A socket that exists while the runtime runs.
    pub socket: &'static str,
    /// The runtime's configuration file.
    pub config: &'static str,
    /// The format of the configuration.
    pub kind: Kind,
    /// The conf dir that the distribution uses, for when there is no configuration to read.
    pub conf_dir: Option<&'static str>,
    /// A variable in the configuration, and the directory that it stands for.
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

/// All known runtimes.
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

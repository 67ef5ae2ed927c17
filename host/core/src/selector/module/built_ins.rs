//! The built-in selectors. The build scripts of both programs include this file.

/// A built-in selector. Its crate is `selectors/NAME`.
pub struct BuiltIn {
    /// The selector's name.
    pub name: &'static str,
    /// The grants of an entry without the key `grant`, as JSON of that key.
    pub grant: &'static str,
    /// The annotations of which one wakes an entry that has neither the key `wake` nor settings. With
    /// none it is always awake.
    pub wake: &'static [&'static str],
}

/// All of them.
pub const BUILT_INS: [BuiltIn; 6] = [
    BuiltIn { name: "annotation", grant: "[]", wake: &["cni"] },
    BuiltIn { name: "default-plugin", grant: "[]", wake: &[] },
    BuiltIn { name: "least-loaded", grant: r#"["node"]"#, wake: &["cni"] },
    BuiltIn {
        name: "logical-network",
        grant: r#"[{"cluster": ["LogicalNetwork", "PhysicalNetwork"]}, {"patch": ["ipam.subnet"]}]"#,
        wake: &["networks"],
    },
    BuiltIn {
        name: "network-attachment",
        grant: r#"[{"definitions": "own"}, "addresses", "default-route", {"patch": ["args.cni"]},
            {"capabilities": ["portMappings", "bandwidth", "infinibandGUID"]}]"#,
        wake: &["k8s.v1.cni.cncf.io/networks", "v1.multus-cni.io/default-network"],
    },
    BuiltIn { name: "rules", grant: r#"["pod", "node", {"cluster": ["v1/Namespace"]}]"#, wake: &[] },
];

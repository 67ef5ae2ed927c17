//! `CNI_ARGS`, and pairs that are set in it.

use genie_core::cni::CniArgs;
use genie_core::pod::Identity;

/// The first line is what the runtime wrote. Each further line is a `KEY=VALUE` to set.
pub fn args(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let mut lines = text.split('\n');
    let args = CniArgs::new(lines.next().unwrap_or_default());
    let pairs: Vec<_> = lines.take(8).map(|line| line.split_once('=').unwrap_or((line, ""))).collect();

    assert_eq!(args.with(&[]).as_deref(), Ok(args.as_str()));
    _ = Identity::from_args(&args).recorded();
    if let Some(Err(error)) = args.k8s_annot() {
        assert_eq!(error.code, 4);
    }
    match args.with(&pairs) {
        Err(error) => assert_eq!(error.code, 4),
        Ok(written) => set(&args, &CniArgs::new(written), &pairs),
    }
}

/// Checks that what was set is there, and that nothing else has changed.
fn set(before: &CniArgs, after: &CniArgs, pairs: &[(&str, &str)]) {
    for (key, _) in pairs {
        let last = pairs.iter().rfind(|(other, _)| other == key).map(|(_, value)| *value);
        assert_eq!(after.get(key), last, "{key} in {:?}", after.as_str());
    }
    for key in ["K8S_POD_NAMESPACE", "K8S_POD_NAME", "K8S_POD_UID", "IgnoreUnknown", "IP", "A", "K8S_ANNOT"] {
        if pairs.iter().all(|(other, _)| *other != key) {
            assert_eq!(after.get(key), before.get(key), "{key} in {:?}", after.as_str());
        }
    }
    if pairs.iter().all(|(key, _)| *key != "K8S_ANNOT") {
        assert_eq!(after.k8s_annot(), before.k8s_annot());
    }
    assert_eq!(after.with(pairs).as_deref(), Ok(after.as_str()), "setting it again changes nothing");
}

//! Which annotations a merge may publish.

/// The most bytes that the API server allows on one object, keys and values together.
pub const TOTAL_LIMIT: usize = 256 << 10;

/// Checks the annotations to publish. One wrong key would make the API server refuse them all, long
/// after the pod has started.
///
/// # Errors
/// The first key that is wrong, and why; or the size of all, when that is too large.
pub fn check_annotations(annotations: &[(String, String)]) -> Result<(), String> {
    for (key, _) in annotations {
        check_key(key).map_err(|why| format!("the annotation {key:?} cannot be published: {why}"))?;
    }
    let size: usize = annotations.iter().map(|(key, value)| key.len() + value.len()).sum();
    if size > TOTAL_LIMIT {
        let largest = annotations.iter().max_by_key(|(_, value)| value.len());
        let largest = largest.map(|(key, value)| format!("; {key:?} has {} of them", value.len())).unwrap_or_default();
        return Err(format!(
            "{size} bytes of annotations cannot be published: Kubernetes allows {TOTAL_LIMIT} for a pod{largest}"
        ));
    }
    Ok(())
}

fn check_key(key: &str) -> Result<(), &'static str> {
    let (prefix, name) = key.split_once('/').map_or((None, key), |(prefix, name)| (Some(prefix), name));
    if name.len() > 63 || !is_name(name, |byte| matches!(byte, b'-' | b'_' | b'.')) {
        return Err("its name must be 1 to 63 letters, digits, '-', '_' or '.', with a letter or digit at both ends");
    }
    let Some(prefix) = prefix else { return Ok(()) };
    if prefix.len() > 253 || !prefix.split('.').all(|label| is_name(label, |byte| byte == b'-')) {
        return Err("what is before the '/' must be a domain name");
    }
    let within = |domain: &str| prefix.strip_suffix(domain).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'));
    if within("kubernetes.io") || within("k8s.io") {
        return Err("kubernetes.io and k8s.io belong to Kubernetes itself");
    }
    Ok(())
}

/// Whether the text is of letters, digits and, inside, bytes that are `allowed`.
fn is_name(text: &str, allowed: impl Fn(u8) -> bool) -> bool {
    let ends = [text.bytes().next(), text.bytes().next_back()];
    ends.iter().all(|end| end.is_some_and(|byte| byte.is_ascii_alphanumeric()))
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || allowed(byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(key: &str) -> Result<(), String> {
        check_annotations(&[(key.to_owned(), "value".to_owned())])
    }

    #[test]
    fn keys_of_ours_and_of_others_are_fine() {
        for key in
            ["multi-ip-preferences", "k8s.v1.cni.cncf.io/network-status", "example.org/A_b.c", "notkubernetes.io/x"]
        {
            assert_eq!(checked(key), Ok(()), "{key}");
        }
    }

    #[test]
    fn keys_that_kubernetes_refuses_or_owns_are_named() {
        for key in
            ["", "a b", "-a", "a/b/c", "/a", "a..b/c", "kubernetes.io/x", "pod-security.kubernetes.io/x", "k8s.io/x"]
        {
            let error = checked(key).unwrap_err();
            assert!(error.contains(&format!("{key:?}")), "{error}");
        }
        assert!(checked(&"n".repeat(64)).is_err());
    }

    #[test]
    fn more_than_a_pod_can_hold_is_refused() {
        assert!(check_annotations(&[("a".into(), "v".repeat(TOTAL_LIMIT))]).unwrap_err().contains("262144"));
    }
}

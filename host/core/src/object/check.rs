//! The parts of names of Kubernetes. A text that passes holds nothing with a meaning in an address
//! or a path: no `/`, `?`, `#`, `%`, no `..`, and only ASCII. (The one `/` of a qualified name is
//! between two parts that were checked.)

/// The longest part of a name, in bytes.
const PART: usize = 63;
/// The longest name, in bytes.
const NAME: usize = 253;

/// Whether the text is the name of a namespace: a label of RFC 1123.
pub fn is_label(text: &str) -> bool {
    let word = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    is_framed(text, PART, word, |byte| word(byte) || byte == b'-')
}

/// Whether the text is the name of an object, or of a group: labels of RFC 1123 with dots between.
pub fn is_subdomain(text: &str) -> bool {
    // Kubernetes limits the length of the whole, and not of each label.
    let word = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let part = |part: &str| is_framed(part, NAME, word, |byte| word(byte) || byte == b'-');
    text.len() <= NAME && text.split('.').all(part)
}

/// Whether the text is a version of a group, such as `v1beta1`: a label that begins with a letter.
pub fn is_version(text: &str) -> bool {
    is_label(text) && text.starts_with(|first: char| first.is_ascii_lowercase())
}

/// Whether the text is a kind, such as `ConfigMap`.
pub fn is_kind(text: &str) -> bool {
    let begins = text.starts_with(|first: char| first.is_ascii_uppercase());
    begins && is_framed(text, PART, |byte| byte.is_ascii_alphanumeric(), |byte| byte.is_ascii_alphanumeric())
}

/// Whether the text is the key of a label, such as `topology.kubernetes.io/zone`.
pub fn is_label_key(text: &str) -> bool {
    let name = match text.split_once('/') {
        Some((prefix, name)) if is_subdomain(prefix) => name,
        Some(_) => return false,
        None => text,
    };
    let word = |byte: u8| byte.is_ascii_alphanumeric();
    is_framed(name, PART, word, |byte| word(byte) || matches!(byte, b'-' | b'_' | b'.')) && !name.contains("..")
}

/// Whether the text is not empty, is at most `longest` bytes long, begins and ends with bytes that
/// `outer` allows, and holds only those that `inner` allows.
fn is_framed(text: &str, longest: usize, outer: impl Fn(u8) -> bool, inner: impl Fn(u8) -> bool) -> bool {
    let bytes = text.as_bytes();
    let frame = [bytes.first(), bytes.last()];
    text.len() <= longest
        && frame.into_iter().all(|byte| byte.copied().is_some_and(&outer))
        && bytes.iter().copied().all(inner)
}

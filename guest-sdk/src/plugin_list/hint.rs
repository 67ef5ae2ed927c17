//! Texts that people write in place of a list, and the lists that they mean.

use crate::{Refusal, Request, interface};

/// Characters that people write between networks in place of a comma.
const SEPARATORS: [char; 9] = ['\u{ff0c}', '\u{3001}', '\u{ff1b}', ';', '|', '+', '&', ' ', '\t'];
/// Characters that people write before an interface in place of `@`.
const AT: [char; 3] = ['\u{ff20}', ':', '='];

/// A message for a text that is no list of this grammar at all.
pub(super) fn of_list(text: &str) -> Option<String> {
    let text = text.trim();
    text.starts_with(['[', '{']).then(|| {
        let names: String = text.chars().filter(|c| !matches!(c, '[' | ']' | '{' | '}' | '"' | '\'')).collect();
        let names: Vec<_> = names.split(',').map(str::trim).filter(|name| is_name(name)).collect();
        let example = if names.is_empty() { "calico,flannel".to_owned() } else { names.join(",") };
        format!("is JSON, and no list of names with commas between them: write {example}")
    })
}

/// Adds to the refusal of a name that no network has the list that was probably meant.
pub(super) fn add(refusal: Refusal, request: &Request, written: &str) -> Refusal {
    match (refusal, meant(request, written)) {
        (Refusal::Invalid(mut mistake), Some(meant)) => {
            mistake.message = format!("no such network: {meant}");
            Refusal::Invalid(mistake)
        }
        (refusal, _) => refusal,
    }
}

fn meant(request: &Request, written: &str) -> Option<String> {
    let parts: Vec<_> = written.split(SEPARATORS).map(str::trim).filter(|part| !part.is_empty()).collect();
    if parts.len() > 1 && parts.iter().all(|part| is_name(part.split('@').next().unwrap_or_default())) {
        return Some(format!("a comma is what separates networks: write {}", parts.join(",")));
    }
    if let Some((name, interface)) = written.split_once(AT)
        && interface::check(interface).is_ok()
        && request.find_network(name).is_some()
    {
        return Some(format!("an interface follows `@`: write {name}@{interface}"));
    }
    let bare = written.trim_matches(['"', '\'', '`', '\u{201c}', '\u{201d}', '\u{2018}', '\u{2019}']);
    (bare != written && request.find_network(bare).is_some()).then(|| format!("write it without quotes: {bare}"))
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | '@'))
}

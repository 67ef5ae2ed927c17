//! Keys that are not known.

/// The message for a key that is none of the `known` ones: what is wrong, and what would be right.
pub fn unknown<'a>(key: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    let known: Vec<_> = known.into_iter().collect();
    match (nearest(key, &known), known.is_empty()) {
        (Some(nearest), _) => format!("unknown key {key:?}: did you mean {nearest:?}?"),
        (None, true) => format!("unknown key {key:?}: there are none"),
        (None, false) => format!("unknown key {key:?}: there are {}", known.join(", ")),
    }
}

/// The known key that was probably meant.
fn nearest<'a>(key: &str, known: &[&'a str]) -> Option<&'a str> {
    // Two slips, or one in a short word.
    let slips = if key.len() < 4 { 1 } else { 2 };
    let distance = |known: &str| strsim::damerau_levenshtein(&key.to_lowercase(), known);
    let near = known.iter().map(|known| (distance(known), *known)).filter(|(distance, _)| *distance <= slips);
    near.min().map(|(_, known)| known)
}

#[cfg(test)]
mod tests {
    use super::unknown;

    #[test]
    fn what_was_probably_meant_is_told() {
        let known = ["run", "grant", "limits"];
        assert_eq!(unknown("runs", known), r#"unknown key "runs": did you mean "run"?"#);
        assert_eq!(unknown("Limit", known), r#"unknown key "Limit": did you mean "limits"?"#);
        assert_eq!(unknown("limist", known), r#"unknown key "limist": did you mean "limits"?"#);
        assert_eq!(unknown("colour", known), r#"unknown key "colour": there are run, grant, limits"#);
        assert_eq!(unknown("x", []), r#"unknown key "x": there are none"#);
    }
}

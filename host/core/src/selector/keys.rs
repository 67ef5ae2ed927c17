//! Keys that are not known.

/// The message for a key that is none of the `known` ones: what is wrong, and what would be right.
pub fn unknown<'a>(key: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    let known: Vec<_> = known.into_iter().collect();
    match (nearest(key, &known), known.is_empty()) {
        (Some(nearest), _) => {
            format!("unknown key {key:?}: did you mean {nearest:?}? there are {}", known.join(", "))
        }
        (None, true) => format!("unknown key {key:?}: there are none"),
        (None, false) => format!("unknown key {key:?}: there are {}", known.join(", ")),
    }
}

/// The known key that was probably meant.
pub fn nearest<'a>(key: &str, known: &[&'a str]) -> Option<&'a str> {
    // Two slips, or one in a short word.
    let slips = if key.len() < 4 { 1 } else { 2 };
    let distance = |known: &str| strsim::damerau_levenshtein(&key.to_lowercase(), &known.to_lowercase());
    let near = known.iter().map(|known| (distance(known), *known)).filter(|(distance, _)| *distance <= slips);
    near.min().map(|(_, known)| known)
}

#[cfg(test)]
mod tests {
    use super::unknown;

    #[test]
    fn what_was_probably_meant_is_told() {
        let known = ["run", "grant", "limits"];
        let meant =
            |key, nearest| format!("unknown key {key:?}: did you mean {nearest:?}? there are run, grant, limits");
        assert_eq!(unknown("runs", known), meant("runs", "run"));
        assert_eq!(unknown("Limit", known), meant("Limit", "limits"));
        assert_eq!(unknown("limist", known), meant("limist", "limits"));
        assert_eq!(unknown("colour", known), r#"unknown key "colour": there are run, grant, limits"#);
        assert_eq!(unknown("x", []), r#"unknown key "x": there are none"#);
    }
}

//! Writes into a file of cases what was seen of those that failed. Everything but their `expect`
//! stays as it is, comments included.

use serde_json::{Map, Value, json};

use super::differ::like;
use super::document::{PlacedCase, cases};
use super::expect::{Seen, short, text};
use super::load::CaseFile;
use super::yaml::block;
use crate::trial::question;

/// The text of a file with the `expect` of these of its cases as they were seen.
///
/// # Errors
/// With another `expect` the file could not be read, or another case would be another one: an alias
/// stands for what was written in its place.
pub fn updated(file: &CaseFile, failed: &[(&PlacedCase, &Seen)]) -> Result<String, String> {
    let text = replaced(&file.text, failed);
    check(file, failed, &text)?;
    Ok(text)
}

/// Checks that the cases of the new text are those of before, with what was seen.
fn check(file: &CaseFile, failed: &[(&PlacedCase, &Seen)], text: &str) -> Result<(), String> {
    let advice = "write out what its anchors (&) and aliases (*) stand for";
    let names: Vec<_> = failed.iter().map(|(case, _)| case.case.name.as_str()).collect();
    let names = names.join(", ");
    let now = cases(text, &file.shared).map_err(|mistakes| {
        let mistakes: Vec<_> = mistakes.iter().map(ToString::to_string).collect();
        format!("with what was seen of {names} it could not be read any more: {}; {advice}", mistakes.join("; "))
    })?;
    if now.len() != file.cases.len() {
        return Err(format!("with what was seen of {names} it would hold {} cases", now.len()));
    }
    let is_kept = |(before, now): &(&PlacedCase, &PlacedCase)| wanted(before, failed) == now.whole;
    match file.cases.iter().zip(&now).find(|pair| !is_kept(pair)) {
        None => Ok(()),
        Some((case, _)) => Err(format!("what was seen of {names} would change the case {}; {advice}", case.case.name)),
    }
}

/// A case as it has to be in the new text.
fn wanted(case: &PlacedCase, failed: &[(&PlacedCase, &Seen)]) -> Value {
    let mut whole = case.whole.clone();
    if let Some((_, seen)) = failed.iter().find(|(failed, _)| failed.place.bytes == case.place.bytes) {
        whole["expect"] = expected(&case.expect, seen);
    }
    whole
}

fn replaced(text: &str, failed: &[(&PlacedCase, &Seen)]) -> String {
    let mut text = text.to_owned();
    let mut failed: Vec<_> = failed.to_vec();
    // From the end, so that the places before it stay right.
    failed.sort_by_key(|(case, _)| std::cmp::Reverse(case.place.bytes.start));
    for (case, seen) in failed {
        let expect = expected(&case.expect, seen);
        let new = written(case, &expect, &text);
        let before = text.get(..case.place.bytes.start).unwrap_or_default();
        // A block begins on the next line.
        let start = if new.starts_with('\n') { before.trim_end_matches(' ').len() } else { before.len() };
        text.replace_range(start..case.place.bytes.end, &new);
    }
    text
}

/// The new value at its place.
fn written(case: &PlacedCase, expect: &Value, text: &str) -> String {
    if !case.place.is_flow {
        return block(expect, case.place.column);
    }
    if !case.is_flow {
        let indent = case.key.column + 2;
        return format!("\n{}{}", " ".repeat(indent), block(expect, indent));
    }
    // JSON, in lines if it was so before.
    let old = text.get(case.place.bytes.clone()).unwrap_or_default();
    if !old.contains('\n') {
        return expect.to_string();
    }
    let line = text.get(..case.key.bytes.start).unwrap_or_default().rsplit('\n').next().unwrap_or_default();
    let indent = line.chars().take_while(|c| *c == ' ').count();
    format!("{expect:#}").replace('\n', &format!("\n{}", " ".repeat(indent)))
}

/// What to expect: of what was written, the same members as they were seen.
pub fn expected(before: &Value, seen: &Seen) -> Value {
    let mut expect = Map::new();
    let had = |key: &str| before.get(key).is_some();
    match &seen.refusal {
        Some((kind, error)) => {
            let mut refusal = json!({"kind": kind.name(), "text": regex::escape(&error.msg)});
            if before["refusal"].get("code").is_some() {
                refusal["code"] = error.code.into();
            }
            expect.insert("refusal".into(), refusal);
        }
        None if seen.verdict == "plan" => {
            if had("plan") || !["reason", "decidedBy", "merged"].into_iter().any(had) {
                expect.insert("plan".into(), plan(&before["plan"], seen));
            }
            let texts = [("reason", &seen.reason), ("decidedBy", &seen.decided_by)];
            for (key, text) in texts.into_iter().filter(|(key, _)| had(key)) {
                expect.extend(text.as_ref().map(|text| (key.to_owned(), text.as_str().into())));
            }
            if let (Some(merged), Some(wanted)) = (&seen.merged, before.get("merged")) {
                expect.insert("merged".into(), like(wanted, merged));
            }
        }
        None => _ = expect.insert("pass".into(), true.into()),
    }
    if had("asks") {
        expect.insert("asks".into(), seen.asked.iter().map(question::to_json).collect());
    }
    if let Some(most) = before["fuel"].as_u64() {
        expect.insert("fuel".into(), most.max(seen.fuel).into());
    }
    expect.into()
}

/// The networks as seen, each as it was written before.
fn plan(before: &Value, seen: &Seen) -> Value {
    let one = |(index, one): (usize, &Value)| match before.get(index) {
        Some(written @ Value::Object(_)) => like(written, one),
        _ => whole(one),
    };
    seen.plan.iter().enumerate().map(one).collect()
}

/// An attachment with all that makes it another than a network on an interface: a text if that is
/// all.
pub fn whole(one: &Value) -> Value {
    let mut special = Map::new();
    for key in ["addresses", "mac", "args", "defaultRoute"] {
        let value = &one[key];
        let is_usual = match value {
            Value::Null => true,
            Value::Array(items) => items.is_empty(),
            Value::Object(members) => members.is_empty(),
            value => value == "usual",
        };
        if !is_usual {
            special.insert(key.into(), value.clone());
        }
    }
    if special.is_empty() {
        return short(one).into();
    }
    special.insert("network".into(), text(one, "network").into());
    special.insert("interface".into(), text(one, "interface").into());
    special.into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::suite::document::cases;
    use crate::trial::RefusalKind;
    use genie_core::cni::{CniError, code};

    fn seen(verdict: &'static str, refusal: Option<(RefusalKind, CniError)>) -> Seen {
        let plan = vec![json!({"network": "blue", "interface": "eth0", "addresses": [], "defaultRoute": "usual"})];
        let (reason, decided_by) = (Some("why".into()), Some("a".into()));
        Seen { verdict, plan, reason, decided_by, refusal, merged: None, asked: Vec::new(), fuel: 7 }
    }

    fn file(text: &str) -> CaseFile {
        let cases = cases(text, &Map::new()).unwrap();
        CaseFile { path: "cases.yaml".into(), text: text.into(), shared: Map::new(), cases }
    }

    fn update(text: &str, seen: &Seen) -> String {
        let file = file(text);
        updated(&file, &file.cases.iter().map(|case| (case, seen)).collect::<Vec<_>>()).unwrap()
    }

    #[test]
    fn each_text_keeps_its_form() {
        let pass = seen("pass", None);
        for (before, after) in [
            ("name: a\nexpect: {}  # new\n", "name: a\nexpect:\n  pass: true  # new\n"),
            ("name: a\nexpect:\n    plan: [b]\nnode: one\n", "name: a\nexpect:\n    pass: true\nnode: one\n"),
            ("{\"name\": \"a\", \"expect\": {}}", "{\"name\": \"a\", \"expect\": {\"pass\":true}}"),
            (
                "{\n  \"expect\": {\n    \"plan\": []\n  },\n  \"name\": \"a\"\n}\n",
                "{\n  \"expect\": {\n    \"pass\": true\n  },\n  \"name\": \"a\"\n}\n",
            ),
            (
                "cases:\n- name: a\n  expect: {}\n- name: b\n  expect: {}\n",
                "cases:\n- name: a\n  expect:\n    pass: true\n- name: b\n  expect:\n    pass: true\n",
            ),
        ] {
            assert_eq!(update(before, &pass), after);
        }
    }

    /// What comes after a text in lines stays as it is, whatever it is.
    #[test]
    fn a_text_in_lines_at_the_end_takes_nothing_along() {
        let plan = seen("plan", None);
        let filled = |text: &str| text.lines().filter(|line| !line.is_empty()).collect::<Vec<_>>().join("\n");
        for header in [">-", "|", ">", "|+", "|2-"] {
            for rest in [
                "",
                "  node: one\n",
                "- name: b\n  expect: {pass: true}\n",
                "# end\n",
                "\n\n  # end\n",
                "\n---\nname: b\nexpect: {}\n",
            ] {
                let text = |expect: &str| format!("cases:\n- name: a\n  expect:\n    {expect}\n{rest}");
                let before = file(&text(&format!("reason: {header}\n      x\n      y")));
                let after = updated(&before, &[(&before.cases[0], &plan)]).unwrap();
                assert_eq!(filled(&after), filled(&text("reason: \"why\"")), "{header}");
                assert_eq!(file(&after).cases.len(), before.cases.len(), "{after}");
            }
        }
    }

    #[test]
    fn a_case_in_brackets_stays_in_brackets() {
        let pass = seen("pass", None);
        for (before, after) in [
            ("cases:\n- {name: a, expect: {plan: [b]}}\n", "cases:\n- {name: a, expect: {\"pass\":true}}\n"),
            ("{\n  name: a,\n  expect: {plan: [b]}\n}\n", "{\n  name: a,\n  expect: {\"pass\":true}\n}\n"),
        ] {
            assert_eq!(update(before, &pass), after);
        }
    }

    #[test]
    fn a_file_whose_other_cases_would_change_is_not_written() {
        let plan = seen("plan", None);
        for (text, why) in [
            (
                "- name: a\n  expect: {plan: &p [red]}\n- name: b\n  expect: {plan: *p}\n",
                "seen of a it could not be read",
            ),
            ("- name: a\n  expect: &e {plan: [red]}\n- name: b\n  expect: *e\n", "would change the case b"),
            ("- name: a\n  expect: &e\n    plan: [red]\n- name: b\n  expect: *e\n", "would change the case b"),
        ] {
            let file = file(&format!("cases:\n{text}"));
            let error = updated(&file, &[(&file.cases[0], &plan)]).unwrap_err();
            assert!(error.contains(why) && error.contains("anchors (&)"), "{error}");
        }
    }

    #[test]
    fn the_same_members_are_expected_again() {
        let plan = seen("plan", None);
        assert_eq!(expected(&json!({}), &plan), json!({"plan": ["blue@eth0"]}));
        assert_eq!(expected(&json!({"reason": "x", "fuel": 3}), &plan), json!({"reason": "why", "fuel": 7}));
        let before = json!({"plan": [{"interface": "eth1"}], "decidedBy": "b", "asks": ["labels"]});
        assert_eq!(expected(&before, &plan), json!({"plan": [{"interface": "eth0"}], "decidedBy": "a", "asks": []}));
        let error = CniError::new(code::REFUSED_DENIED, "not (now)");
        let refused = seen("refused", Some((RefusalKind::Denied, error)));
        let refusal = json!({"refusal": {"kind": "denied", "text": r"not \(now\)"}});
        assert_eq!(expected(&json!({"plan": []}), &refused), refusal);
    }
}

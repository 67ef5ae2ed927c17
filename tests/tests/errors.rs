//! `docs/errors.md`: a reader with a message finds its section, and the messages that the page quotes
//! are those of the programs. [`genie_tests::Answer::error_code`] looks for the section of each error
//! that a test expects.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use genie_tests::documents::read;
use genie_tests::errors::{PAGE, sections};
use genie_tests::fixture::reference_node;
use genie_tests::{Node, programs};
use serde_json::json;

/// The messages that the page quotes, each with the code of its section.
fn quoted() -> Vec<(u64, String)> {
    let page = read(PAGE);
    let of_codes = page.split("\n### ").skip(1);
    let quoted = of_codes.flat_map(|section| {
        let code = section.lines().next().and_then(|heading| heading.parse().ok()).expect("a heading is a code");
        let blocks = section.split("```text\n").skip(1).filter_map(|block| block.split("```").next());
        blocks.flat_map(str::lines).map(move |line| (code, line.to_owned()))
    });
    quoted.collect()
}

#[test]
fn each_message_of_the_page_leads_to_its_section() {
    let quoted = quoted();
    assert!(quoted.len() > 40, "{} messages", quoted.len());
    for (code, message) in quoted.iter().filter(|(code, _)| ![50, 51].contains(code)) {
        assert!(sections(message).contains(code), "section {code} and not {:?}: {message}", sections(message));
        // What the agent adds in the event of its own.
        let event = format!("{message}; the pod's owner has to correct it");
        assert!(*code != 101 || sections(&event) == [101], "{event}");
    }
}

/// Where the code ends a literal, or has the place of a value.
const BETWEEN: [char; 3] = ['"', '{', '}'];

/// The fixed texts of messages, from one value to the next, as the code has them, by their first letters.
type Texts = BTreeMap<char, BTreeSet<String>>;

fn fixed_texts() -> Texts {
    let listed = std::process::Command::new("git")
        .args(["ls-files", "host/**.rs", "selectors/**.rs", "guest-sdk/src/**.rs"])
        .current_dir(programs::root())
        .output()
        .expect("git is there");
    let listed = String::from_utf8(listed.stdout).expect("paths");
    let mut texts = Texts::new();
    for path in listed.lines().filter(|path| !path.contains("/tests")) {
        let text = fs::read_to_string(programs::root().join(path)).expect("a file of the repository");
        let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
        let code: Vec<_> = code.lines().filter(|line| !line.trim_start().starts_with("//")).collect();
        // A literal may go on in the next line. What is no literal is like no message.
        let code = code.join("\n").replace("\\\"", "\u{1}");
        let mut lines = code.split("\\\n");
        let mut joined = lines.next().unwrap_or_default().to_owned();
        lines.for_each(|line| joined += line.trim_start());
        let pieces = joined.split(BETWEEN).filter(|piece| piece.contains(' ') && !piece.contains('\n'));
        let pieces = pieces.filter(|piece| piece.contains(char::is_alphabetic));
        for piece in pieces.map(|piece| piece.replace('\u{1}', "\"")) {
            texts.entry(piece.chars().next().unwrap_or_default()).or_default().insert(piece);
        }
    }
    texts
}

/// What no fixed text covers, when as much as possible is covered.
fn uncovered<'a>(message: &'a str, texts: &Texts) -> Vec<&'a str> {
    // For each place: how many bytes from there on are not covered, and how long the text at it is.
    let mut best = vec![(0, 0); message.len() + 1];
    for (at, letter) in message.char_indices().rev() {
        let rest = &message[at..];
        let fitting = texts.get(&letter).into_iter().flatten();
        let fitting = fitting.filter(|text| rest.starts_with(text.as_str())).map(String::len);
        let with_one = fitting.map(|length| (best[at + length].0, length));
        let without = (letter.len_utf8() + best[at + letter.len_utf8()].0, 0);
        best[at] = with_one.chain([without]).min_by_key(|(missing, _)| *missing).unwrap_or(without);
    }
    let (mut gaps, mut at, mut start) = (Vec::new(), 0, 0);
    while at < message.len() {
        match best[at].1 {
            0 => at += message[at..].chars().next().map_or(1, char::len_utf8),
            length => {
                gaps.push(&message[start..at]);
                at += length;
                start = at;
            }
        }
    }
    gaps.push(&message[start..]);
    gaps
}

/// The words of a sentence, without names, numbers and paths.
fn words(text: &str) -> usize {
    let words = text.split_whitespace().map(|word| word.trim_matches([',', ';', ':', '.', '(', ')']));
    words.filter(|word| !word.is_empty() && word.chars().all(|letter| letter.is_ascii_lowercase())).count()
}

#[test]
fn the_code_has_the_messages_of_the_page() {
    // The words of the kernel, of the parser of JSON and of a network's plugin; and the keys of an entry, which
    // the test below looks at.
    const OTHERS: [&str; 10] = [
        "expected ident",
        "EOF while parsing",
        "grant, imports",
        "No space left on device",
        "Not a directory",
        "No such file or directory",
        "Resource temporarily unavailable",
        "Nexthop has invalid gateway (Network unreachable",
        "open /run/flannel/subnet.env: no such file or directory",
        "the tunnel to the gateway is down",
    ];
    let texts = fixed_texts();
    let count = texts.values().map(BTreeSet::len).sum::<usize>();
    assert!(count > 2000, "{count} texts");
    for (code, message) in quoted() {
        let own = OTHERS.iter().fold(message.clone(), |own, others| own.replace(others, "…"));
        for gap in uncovered(&own, &texts) {
            assert!(words(gap) <= 1, "{PAGE}, section {code}: no code says {gap:?}; of {message}");
        }
    }
}

/// A node with calico and flannel.
fn node() -> Node {
    let node = reference_node();
    node.remove_network("10-weave.conf");
    node
}

#[test]
fn the_plugin_says_what_the_page_quotes() {
    let page = read(PAGE);
    let is_quoted = |said: &str| {
        page.lines().any(|line| match line.split_once(", …;") {
            Some((start, end)) => said.starts_with(start) && said.ends_with(end),
            None => line == said,
        })
    };
    let refusals = ["claico", "calico@eth1", "calico@eth0,flannel@eth0", "calico@a/b"];
    let refusals = refusals.map(|networks| (101, node(), networks));
    let chains = [json!([{"module": "annotation", "runs": "always"}]), json!([{"module": "annotation"}])];
    let mistakes = chains.map(|selectors| (7, node().with("selectors", selectors), ""));
    for (code, node, networks) in refusals.into_iter().chain(mistakes) {
        let web = node.add().args("K8S_POD_NAMESPACE=default;K8S_POD_NAME=web");
        let said = web.cni(networks).run().error_code(code).text();
        assert!(is_quoted(&said), "{PAGE} does not quote: {said}");
    }
}

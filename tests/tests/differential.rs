//! What genie does where Multus stood, beside what the real Multus did there (`make differential`).

use std::collections::BTreeSet;
use std::fs;

use genie_tests::differential::recordings::{Recording, Recordings};
use genie_tests::differential::{Genie, Runs, World, cases, known};
use genie_tests::programs;

/// The names in the table of the document.
fn documented() -> BTreeSet<String> {
    let text = fs::read_to_string(programs::root().join("docs/multus-differences.md")).unwrap();
    let rows = text.lines().filter_map(|line| line.strip_prefix("| `")?.split_once('`'));
    rows.map(|(name, _)| name.to_owned()).collect()
}

#[test]
fn every_difference_from_multus_is_a_known_one_and_shows() {
    let world = World::new();
    let expected = cases::all();
    let (recorded, sample) = (Recordings::read("cases"), Recordings::read("sample"));
    let sample: Vec<_> = sample.all().cloned().collect();
    assert!(sample.len() > 20, "there is no sample; run: make differential RECORD=1");
    world.create(expected.iter().map(|(case, _)| case).chain(sample.iter().map(|recording| &recording.case)));
    let runs = Runs::new(&world, Genie::default());
    let (mut wrong, mut shown) = (Vec::new(), BTreeSet::new());
    for (case, differs) in &expected {
        let Some(theirs) = recorded.of(case) else {
            wrong.push(format!("{}: no recording of this case; run: make differential RECORD=1", case.name()));
            continue;
        };
        let compared = known::compare(case, theirs, &runs.observe(case));
        let differs: BTreeSet<_> = differs.iter().copied().collect();
        if !compared.unknown.is_empty() || compared.known != differs {
            wrong.push(format!("{compared}\n    expected {differs:?}"));
        }
        shown.extend(compared.known);
    }
    for Recording { case, theirs } in &sample {
        let compared = known::compare(case, theirs, &runs.observe(case));
        if !compared.unknown.is_empty() {
            wrong.push(format!("{compared}\n{}", case.value()));
        }
    }
    assert!(wrong.is_empty(), "{} cases:\n{}", wrong.len(), wrong.join("\n"));
    let names: BTreeSet<_> = known::ALL.iter().map(|known| known.name).collect();
    assert_eq!(shown, names, "a difference that no case shows any more is none");
}

#[test]
fn every_known_difference_has_its_reason_in_the_document() {
    let names: BTreeSet<_> = known::ALL.iter().map(|known| known.name.to_owned()).collect();
    assert_eq!(documented(), names);
}

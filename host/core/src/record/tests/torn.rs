use super::*;
use crate::cni::code;
use crate::record::read::Wanted;
use crate::record::{Ending, Listed, Record};

/// A record with all kinds of events, as bytes, and where each of its lines ends
/// (newline excluded).
fn sample(dir: &Dir) -> (Vec<u8>, Vec<usize>) {
    let lock = dir.lock();
    let mut journal = dir.store.create(&lock, &header(3)).unwrap();
    for index in 0..3 {
        journal.added(index, &result(index), 1500).unwrap();
    }
    journal.done(&Ending { result: json!({"merged": 1}), annotations: Value::Null, ..Ending::default() }).unwrap();
    journal.deleted(2).unwrap();
    journal.deleted(1).unwrap();
    let bytes = fs::read(dir.record()).unwrap();
    let ends = (0..bytes.len()).filter(|at| bytes[*at] == b'\n' && *at > 0 && bytes[*at - 1] != b'\n').collect();
    (bytes, ends)
}

/// How many events of the sample have taken effect, which must be the first ones.
fn events(record: &Record) -> usize {
    let results = (0..3).filter(|index| record.result(*index).is_some()).count();
    results + usize::from(record.outcome().is_some()) + (3 - record.remaining().len())
}

#[test]
fn record_cut_at_any_length_holds_every_event_before_the_cut() {
    let dir = Dir::new();
    let (bytes, ends) = sample(&dir);
    assert_eq!(ends.len(), 7);
    for length in 0..=bytes.len() {
        fs::write(dir.record(), &bytes[..length]).unwrap();
        let whole = ends.iter().filter(|end| **end <= length).count();
        match dir.store.load("c1", "eth0") {
            Ok(record) => assert_eq!(events(&record.unwrap()) + 1, whole, "cut at {length}"),
            Err(error) => {
                assert_eq!((whole, error.code), (0, code::RECORD), "cut at {length}: {error}");
                assert!(!dir.record().exists(), "cut at {length}");
            }
        }
    }
}

#[test]
fn event_after_a_cut_at_any_length_is_not_lost() {
    let dir = Dir::new();
    let (bytes, ends) = sample(&dir);
    let lock = dir.lock();
    for length in ends[0]..=bytes.len() {
        fs::write(dir.record(), &bytes[..length]).unwrap();
        let record = dir.store.load("c1", "eth0").unwrap().unwrap();
        record.journal(&lock).unwrap().deleted(0).unwrap();
        let again = dir.store.load("c1", "eth0").unwrap().unwrap();
        assert_eq!(events(&again), events(&record) + 1, "cut at {length}");
        assert!(!again.remaining().contains(&0), "cut at {length}");
    }
}

#[test]
fn any_flipped_bit_in_the_header_is_noticed_and_in_an_event_costs_that_event_only() {
    let dir = Dir::new();
    let (bytes, ends) = sample(&dir);
    for at in 0..bytes.len() {
        let mut flipped = bytes.clone();
        flipped[at] ^= 0x04;
        for wanted in [Wanted::All, Wanted::Attachments] {
            match Record::decode(&flipped, &dir.record(), wanted) {
                Ok(record) => assert!(at > ends[0] && events(&record) >= 5, "flipped at {at}"),
                Err(_) => assert!(at <= ends[0], "flipped at {at}"),
            }
        }
    }
}

#[test]
fn damaged_header_is_quarantined_and_the_error_says_what_to_do() {
    let dir = Dir::new();
    fs::write(dir.record(), "0000000000000000 {}\n").unwrap();
    let error = dir.store.load("c1", "eth0").unwrap_err();
    assert_eq!(error.code, code::RECORD);
    let to = dir.directory.path().join("damaged/c1@eth0.json.0");
    for part in [dir.record().display().to_string(), to.display().to_string(), "clean up".into()] {
        assert!(error.to_string().contains(&part), "{error}");
    }
    assert!(!error.to_string().contains("not found"));
    assert_eq!(fs::read(&to).unwrap(), b"0000000000000000 {}\n");
    assert_eq!(dir.store.load("c1", "eth0").unwrap(), None, "the next call goes on");
    fs::write(dir.record(), "again").unwrap();
    dir.store.load("c1", "eth0").unwrap_err();
    assert_eq!(fs::read(to).unwrap(), b"0000000000000000 {}\n", "an earlier one is not overwritten");
    assert_eq!(dir.files(), ["damaged/c1@eth0.json.0", "damaged/c1@eth0.json.1"]);
}

#[test]
fn record_of_another_container_or_interface_is_damaged() {
    let dir = Dir::new();
    sample(&dir);
    for name in ["c2@eth0.json", "c1@eth1.json"] {
        fs::copy(dir.record(), dir.record().with_file_name(name)).unwrap();
    }
    for (container, interface) in [("c2", "eth0"), ("c1", "eth1")] {
        let error = dir.store.load(container, interface).unwrap_err();
        assert!(error.msg.contains("another container or interface"), "{}", error.msg);
    }
    assert!(dir.store.load("c1", "eth0").unwrap().is_some());
}

#[test]
fn record_of_a_newer_build_stays_where_it_is() {
    let dir = Dir::new();
    let lock = dir.lock();
    dir.store.create(&lock, &Header { version: VERSION + 1, ..header(1) }).unwrap();
    let error = dir.store.load("c1", "eth0").unwrap_err();
    assert_eq!(error.code, code::RECORD);
    assert!(error.msg.contains("has format 2") && dir.record().exists(), "{}", error.msg);
    assert!(matches!(&dir.store.list().unwrap()[..], [Listed::Damaged { .. }]));
}

#[test]
fn what_is_nested_too_deeply_to_be_read_again_is_not_written() {
    let nested = |depth| (0..depth).fold(json!("[[[\"]]]"), |inner, _| json!([inner]));
    let dir = Dir::new();
    let lock = dir.lock();
    let mut planned = header(1);
    planned.attachments[0].list["x"] = nested(118);
    let error = dir.store.create(&lock, &planned).unwrap_err();
    assert_eq!(error.code, code::IO);
    assert!(error.msg.contains("nested deeper than 120 levels"), "{error}");
    assert_eq!(dir.files(), ["locks/c1"]);

    planned.attachments[0].list["x"] = nested(116);
    let mut journal = dir.store.create(&lock, &planned).unwrap();
    journal.added(0, &nested(119), 1).unwrap_err();
    journal.added(0, &nested(118), 1).unwrap();
    let record = dir.store.load("c1", "eth0").unwrap().unwrap();
    assert_eq!(record.header, planned);
    assert_eq!(record.result(0), Some(&nested(118)));
}

#[test]
fn event_about_an_attachment_that_does_not_exist_is_ignored() {
    let dir = Dir::new();
    let lock = dir.lock();
    let mut journal = dir.store.create(&lock, &header(1)).unwrap();
    journal.deleted(7).unwrap();
    journal.added(usize::MAX, &result(0), 1).unwrap();
    journal.deleted(0).unwrap();
    assert!(dir.store.load("c1", "eth0").unwrap().unwrap().remaining().is_empty());
}

#[test]
fn add_killed_before_its_record_was_complete_leaves_nothing_after_the_next_call() {
    let dir = Dir::new();
    for name in ["c1@eth0.json", "c1@eth1.json", "c11@eth0.json"] {
        fs::write(dir.directory.path().join("new").join(name), "half a hea").unwrap();
    }
    let lock = dir.lock();
    assert_eq!(dir.files(), ["locks/c1", "new/c11@eth0.json"], "another container's may be in use");
    assert_eq!(dir.store.load("c1", "eth0").unwrap(), None);
    dir.store.create(&lock, &header(1)).unwrap();
}

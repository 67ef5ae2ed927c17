use std::os::unix::fs::PermissionsExt;

use proptest::prelude::*;

use super::*;
use crate::cni::code;
use crate::record::{Ending, Listed};

#[test]
fn missing_record_is_none_and_leaves_nothing() {
    let dir = Dir::new();
    assert_eq!(dir.store.load("c1", "eth0").unwrap(), None);
    drop(dir.lock());
    assert!(dir.files().is_empty());
}

#[test]
fn whole_life_of_a_record() {
    let dir = Dir::new();
    let lock = dir.lock();
    let mut journal = dir.store.create(&lock, &header(2)).unwrap();
    let syncing = journal.sync_beside();

    let record = dir.store.load("c1", "eth0").unwrap().unwrap();
    assert_eq!(record.header, header(2));
    assert_eq!(record.remaining(), [1, 0], "what has not reported yet may have run");
    assert_eq!((record.result(0), record.outcome()), (None, None));

    journal.added(0, &result(0), 1500).unwrap();
    journal.added(1, &result(1), 2500).unwrap();
    let outcome = Ending { result: json!({"merged": true}), annotations: json!({"a": "b"}), ..Ending::default() };
    journal.done(&outcome).unwrap();
    syncing.wait(soon()).unwrap();
    drop(journal);

    let record = dir.store.load("c1", "eth0").unwrap().unwrap();
    assert_eq!((record.result(0), record.result(1)), (Some(&result(0)), Some(&result(1))));
    assert_eq!(record.outcome(), Some(&outcome));
    assert_eq!(record.result(2), None);
    assert_eq!((record.micros(0), record.micros(1), record.micros(2)), (Some(1500), Some(2500), None));

    assert_eq!(record.shadows(), None);
    record.journal(&lock).unwrap().shadows(&json!(["same"])).unwrap();
    let record = dir.store.load("c1", "eth0").unwrap().unwrap();
    assert_eq!(record.shadows(), Some(&json!(["same"])));
    assert_eq!(record.outcome(), Some(&outcome), "a shadow changes nothing else");

    record.journal(&lock).unwrap().deleted(1).unwrap();
    let record = dir.store.load("c1", "eth0").unwrap().unwrap();
    assert_eq!(record.remaining(), [0]);
    let mut journal = record.journal(&lock).unwrap();
    journal.deleted(0).unwrap();
    assert!(dir.store.load("c1", "eth0").unwrap().unwrap().remaining().is_empty());

    journal.remove().unwrap();
    drop(lock);
    assert!(dir.files().is_empty());
}

#[test]
fn removing_twice_is_fine_and_writing_to_a_removed_record_is_not_silent() {
    let dir = Dir::new();
    let lock = dir.lock();
    dir.store.create(&lock, &header(1)).unwrap();
    let record = dir.store.load("c1", "eth0").unwrap().unwrap();
    let second = record.journal(&lock).unwrap();
    record.journal(&lock).unwrap().remove().unwrap();
    second.remove().unwrap();
    let error = record.journal(&lock).unwrap_err();
    assert_eq!(error.code, code::IO);
    assert!(error.msg.ends_with("c1@eth0.json: it is missing"), "{}", error.msg);
}

#[test]
fn interfaces_of_a_container_have_records_of_their_own() {
    let dir = Dir::new();
    let lock = dir.lock();
    dir.store.create(&lock, &header(1)).unwrap();
    dir.store.create(&lock, &Header { interface: "eth@1".into(), ..header(2) }).unwrap();
    assert_eq!(dir.store.load("c1", "eth0").unwrap().unwrap().remaining(), [0]);
    assert_eq!(dir.store.load("c1", "eth@1").unwrap().unwrap().remaining(), [1, 0]);
    assert_eq!(dir.store.load("c1", "eth1").unwrap(), None);
}

#[test]
fn add_without_del_does_not_overwrite_what_the_del_needs() {
    let dir = Dir::new();
    let lock = dir.lock();
    dir.store.create(&lock, &header(2)).unwrap();
    let error = dir.store.create(&lock, &header(1)).unwrap_err();
    assert_eq!(error.msg, "container c1 is already attached on eth0: it needs a DEL before another ADD");
    assert_eq!(dir.store.load("c1", "eth0").unwrap().unwrap().remaining(), [1, 0]);
    assert_eq!(dir.files(), ["locks/c1", "records/c1@eth0.json"]);
}

#[test]
fn record_needs_the_lock_of_its_own_container() {
    let dir = Dir::new();
    let other = dir.store.lock("c2", soon()).unwrap();
    assert_eq!(dir.store.create(&other, &header(1)).unwrap_err().code, code::INTERNAL);
}

#[test]
fn state_is_for_root_alone() {
    let dir = Dir::new();
    let _lock = dir.lock();
    dir.store.create(&dir.store.lock("x", soon()).unwrap(), &Header { container: "x".into(), ..header(1) }).unwrap();
    for (path, mode) in
        [("records", 0o700), ("new", 0o700), ("locks", 0o700), ("records/x@eth0.json", 0o600), ("locks/c1", 0o600)]
    {
        let found = fs::metadata(dir.directory.path().join(path)).unwrap().permissions().mode() & 0o777;
        assert_eq!(found, mode, "{path}");
    }
}

#[test]
fn long_container_ids_have_short_names_that_differ() {
    let dir = Dir::new();
    let ids = ["a".repeat(300), "a".repeat(301), "a".repeat(160)];
    for id in &ids {
        let lock = dir.store.lock(id, soon()).unwrap();
        let header = Header { container: id.clone(), interface: "123456789012345".into(), ..header(1) };
        dir.store.create(&lock, &header).unwrap();
        assert_eq!(dir.store.load(id, "123456789012345").unwrap().unwrap().header, header);
    }
    let files = dir.files();
    assert_eq!(files.len(), ids.len());
    assert!(files.iter().all(|file| file.len() < "records/".len() + 200), "{files:?}");
}

#[test]
fn names_that_lead_out_of_the_directory_are_refused() {
    let dir = Dir::new();
    for container in ["", "../x", "a/b", "-a", ".a", "a\0", "a@b", "a~b", "é"] {
        assert_eq!(dir.store.lock(container, soon()).unwrap_err().code, code::INVALID_ENVIRONMENT, "{container}");
        assert_eq!(dir.store.load(container, "eth0").unwrap_err().code, code::INVALID_ENVIRONMENT, "{container}");
    }
    for interface in ["", "a/b", "../../x", "1234567890123456"] {
        assert_eq!(dir.store.load("c1", interface).unwrap_err().code, code::INVALID_ENVIRONMENT, "{interface}");
    }
    assert!(dir.files().is_empty());
}

#[test]
fn list_has_every_record_and_every_damaged_file() {
    let dir = Dir::new();
    for container in ["b", "a"] {
        let lock = dir.store.lock(container, soon()).unwrap();
        dir.store.create(&lock, &Header { container: container.into(), ..header(1) }).unwrap();
    }
    fs::write(dir.record(), "rubbish").unwrap();
    dir.store.load("c1", "eth0").unwrap_err();
    fs::write(dir.record(), "rubbish").unwrap();
    let seen: Vec<String> = dir
        .store
        .list()
        .unwrap()
        .into_iter()
        .map(|entry| match entry {
            Listed::Record(record) => record.header.container,
            Listed::Damaged { path, .. } => path.strip_prefix(dir.directory.path()).unwrap().display().to_string(),
        })
        .collect();
    assert_eq!(seen, ["a", "b", "records/c1@eth0.json", "damaged/c1@eth0.json.0"]);
}

fn json_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<i32>().prop_map(|n| Value::from(f64::from(n) / 8.0)),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 32, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::hash_map(any::<String>(), inner, 0..5)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn whatever_is_recorded_is_read_back(
        list in json_value(), result in json_value(), decision in json_value(), args in any::<String>(), netns in any::<String>(),
    ) {
        let dir = Dir::new();
        let lock = dir.lock();
        let mut expected = header(2);
        expected.attachments[1].list = list;
        expected.attachments[1].cni_args.clone_from(&args);
        expected.cni_args = args;
        expected.netns = netns;
        expected.decision = decision.clone();
        expected.pod = None;
        let outcome = Ending { result: decision, annotations: result.clone(), ..Ending::default() };
        let mut journal = dir.store.create(&lock, &expected).unwrap();
        journal.added(1, &result, 2500).unwrap();
        journal.done(&outcome).unwrap();
        let record = dir.store.load("c1", "eth0").unwrap().unwrap();
        prop_assert_eq!(&record.header, &expected);
        let attachments = dir.store.load_attachments("c1", "eth0").unwrap().unwrap();
        prop_assert_eq!(&attachments.header, &Header { decision: Value::Null, ..expected });
        prop_assert_eq!(attachments.outcome(), record.outcome());
        prop_assert_eq!(record.result(1), Some(&result));
        prop_assert_eq!(record.outcome(), Some(&outcome));
    }
}

#[test]
fn what_is_no_file_among_the_records_hides_none() {
    let dir = Dir::new();
    drop(dir.store.create(&dir.lock(), &header(1)).unwrap());
    let records = dir.directory.path().join("records");
    fs::create_dir(records.join("locks")).unwrap();
    std::os::unix::fs::symlink("/nonexistent", records.join("link")).unwrap();
    assert_eq!(dir.store.files().unwrap(), [dir.record()]);
    assert_eq!(dir.store.others().unwrap(), [records.join("link"), records.join("locks")]);
    assert!(matches!(dir.store.list().unwrap().as_slice(), [Listed::Record(_)]));
}

#[test]
fn who_only_looks_creates_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::read_only(dir.path()).unwrap();
    assert_eq!((store.list().unwrap(), store.others().unwrap()), (vec![], vec![]));
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
    let error = Store::read_only(&dir.path().join("nosuch")).unwrap_err();
    assert!(error.msg.contains("there is no directory"), "{error}");
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
}

#[test]
fn a_directory_of_records_itself_is_read() {
    let dir = Dir::new();
    drop(dir.store.create(&dir.lock(), &header(1)).unwrap());
    let records = dir.directory.path().join("records");
    let store = Store::read_only(&records).unwrap();
    assert_eq!(store.files().unwrap(), [dir.record()]);
    assert_eq!(fs::read_dir(records).unwrap().count(), 1);
}

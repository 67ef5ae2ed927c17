//! Refusals on disk.

use std::os::unix::fs::PermissionsExt;

use super::*;

fn refusal(uid: &str, message: &str) -> RefusedPod {
    let pod = Pod { namespace: "default".into(), name: "web".into(), uid: uid.into() };
    RefusedPod { pod, code: 101, message: message.into(), details: String::new(), time: 1, ..RefusedPod::default() }
}

fn spool(dir: &tempfile::TempDir) -> Spool {
    let spool = Spool::of(dir.path());
    spool.create().unwrap();
    spool
}

fn messages(spool: &Spool) -> Vec<String> {
    spool.list().unwrap().into_iter().map(|taken| taken.refusal.message).collect()
}

#[test]
fn the_newest_refusal_of_a_pod_stays_and_belongs_to_root() {
    let dir = tempfile::tempdir().unwrap();
    let spool = spool(&dir);
    spool.write("c1", &refusal("u1", "first")).unwrap();
    spool.write("c1", &refusal("u1", "second")).unwrap();
    spool.write("c1", &refusal("u2", "other")).unwrap();
    let mut all = messages(&spool);
    all.sort();
    assert_eq!(all, ["other", "second"]);
    let file = dir.path().join("spool/u1.json");
    assert_eq!(fs::metadata(file).unwrap().permissions().mode() & 0o777, 0o600);
}

#[test]
fn without_an_agent_nothing_is_written() {
    let dir = tempfile::tempdir().unwrap();
    Spool::of(dir.path()).write("c1", &refusal("u1", "first")).unwrap();
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
}

#[test]
fn a_newer_refusal_is_not_removed_with_the_older_one() {
    let dir = tempfile::tempdir().unwrap();
    let spool = spool(&dir);
    spool.write("c1", &refusal("u1", "first")).unwrap();
    let taken = spool.list().unwrap();
    spool.write("c1", &refusal("u1", "second")).unwrap();
    spool.done(&taken[0]);
    assert_eq!(messages(&spool), ["second"]);
    spool.done(&spool.list().unwrap()[0]);
    assert_eq!(messages(&spool), [""; 0]);
}

#[test]
fn a_refusal_that_was_told_is_kept_and_their_number_is_bounded() {
    let dir = tempfile::tempdir().unwrap();
    let spool = spool(&dir);
    for n in 0..LIMIT + 5 {
        spool.write("c1", &refusal(&format!("u{n}"), &n.to_string())).unwrap();
        spool.done(&spool.list().unwrap()[0]);
    }
    assert_eq!(messages(&spool), [""; 0]);
    let kept: Vec<_> = spool.kept().into_iter().map(|refusal| refusal.message).collect();
    assert_eq!(kept.len(), LIMIT);
    assert!(kept.contains(&(LIMIT + 4).to_string()));
    spool.write("c1", &refusal("new", "not told yet")).unwrap();
    assert_eq!(spool.kept().len(), LIMIT + 1);
    let file = dir.path().join(format!("refused/u{}.json", LIMIT + 4));
    assert_eq!(fs::metadata(file).unwrap().permissions().mode() & 0o777, 0o600);
}

#[test]
fn the_spool_is_bounded_and_the_oldest_go() {
    let dir = tempfile::tempdir().unwrap();
    let spool = spool(&dir);
    for n in 0..LIMIT + 5 {
        spool.write("c1", &refusal(&format!("u{n}"), &n.to_string())).unwrap();
    }
    let kept = messages(&spool);
    assert_eq!(kept.len(), LIMIT);
    assert!(kept.contains(&(LIMIT + 4).to_string()));
}

#[test]
fn a_name_leads_nowhere_else() {
    let pod = Pod { namespace: "..".into(), name: "../x".into(), uid: String::new() };
    assert_eq!(file_name(&pod), "______x.json");
    assert!(file_name(&Pod { name: "n".repeat(300), ..Pod::default() }).len() < 255);
}

#[test]
fn what_is_no_refusal_is_removed() {
    let dir = tempfile::tempdir().unwrap();
    let spool = spool(&dir);
    fs::write(dir.path().join("spool/x.json"), "{").unwrap();
    assert!(spool.list().unwrap().is_empty());
    assert!(!dir.path().join("spool/x.json").exists());
}

#[test]
fn what_a_kill_left_half_written_goes_with_the_containers_next_call() {
    let dir = tempfile::tempdir().unwrap();
    let spool = spool(&dir);
    let new = Store::unfinished(dir.path(), "c1", "refusal").unwrap();
    fs::write(&new, "{").unwrap();
    assert!(spool.list().unwrap().is_empty());
    let store = Store::open(dir.path()).unwrap();
    drop(store.lock("c2", std::time::Instant::now()).unwrap());
    assert!(new.exists(), "another container's call may be writing it");
    drop(store.lock("c1", std::time::Instant::now()).unwrap());
    assert!(!new.exists());
}

use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use super::*;
use crate::cni::code;

/// Runs `test`, one of the helpers below, as a process of its own on the store in `directory`.
fn process(test: &str, directory: &Path) -> Child {
    let module = module_path!().split_once("::").unwrap().1;
    Command::new(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", "--nocapture", &format!("{module}::{test}")])
        .env("STATE_DIR", directory)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}

fn store_of_the_parent() -> Option<Store> {
    std::env::var_os("STATE_DIR").map(|directory| Store::open(Path::new(&directory)).unwrap())
}

/// Waits until a helper has printed `word`.
fn await_word(child: &mut Child, word: &str) {
    let mut lines = BufReader::new(child.stdout.as_mut().unwrap()).lines();
    assert!(lines.any(|line| line.unwrap().ends_with(word)), "{word} never came");
}

#[test]
#[ignore = "a helper process of the other tests"]
fn holder() {
    let Some(store) = store_of_the_parent() else {
        return;
    };
    let _lock = store.lock("c1", soon()).unwrap();
    println!("locked");
    // Holds the lock until the parent closes the pipe.
    let _ = std::io::stdin().read(&mut [0]);
}

#[test]
#[ignore = "a helper process of the other tests"]
fn counter() {
    let Some(store) = store_of_the_parent() else {
        return;
    };
    let file = PathBuf::from(std::env::var_os("STATE_DIR").unwrap()).join("records/count");
    for _ in 0..100 {
        let _lock = store.lock("c1", soon()).unwrap();
        let count: u32 = fs::read_to_string(&file).unwrap().parse().unwrap();
        fs::write(&file, (count + 1).to_string()).unwrap();
    }
}

#[test]
fn processes_take_turns() {
    let dir = Dir::new();
    let file = dir.directory.path().join("records/count");
    fs::write(&file, "0").unwrap();
    let mut children: Vec<Child> = (0..3).map(|_| process("counter", dir.directory.path())).collect();
    for child in &mut children {
        assert!(child.wait().unwrap().success());
    }
    assert_eq!(fs::read_to_string(&file).unwrap(), "300");
    assert_eq!(dir.files(), ["records/count"], "the lock's file is gone");
}

#[test]
fn waiting_ends_at_the_deadline_and_names_the_holder() {
    let dir = Dir::new();
    let mut child = process("holder", dir.directory.path());
    await_word(&mut child, "locked");
    let error = dir.store.lock("c1", Instant::now() + Duration::from_millis(20)).unwrap_err();
    assert_eq!(error.code, code::TRY_AGAIN);
    let start = format!("container c1 is busy: process {} has been working on it", child.id());
    assert!(error.msg.starts_with(&start), "{}", error.msg);
    drop(dir.store.lock("c2", Instant::now()).unwrap());

    drop(child.stdin.take());
    let lock = dir.lock();
    child.wait().unwrap();
    assert_eq!(dir.files(), ["locks/c1"]);
    drop(lock);
    assert!(dir.files().is_empty());
}

#[test]
fn killed_holder_has_let_go_and_its_file_is_taken_over() {
    let dir = Dir::new();
    let mut child = process("holder", dir.directory.path());
    await_word(&mut child, "locked");
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(dir.files(), ["locks/c1"]);
    drop(dir.store.lock("c1", Instant::now()).unwrap());
    assert!(dir.files().is_empty());
}

#[test]
fn lock_is_exclusive_within_a_process_too() {
    let dir = Dir::new();
    let lock = dir.lock();
    assert_eq!(dir.store.lock("c1", Instant::now()).unwrap_err().code, code::TRY_AGAIN);
    drop(lock);
    drop(dir.store.lock("c1", Instant::now()).unwrap());
}

#[test]
#[ignore = "a helper process of the other tests"]
fn attaching() {
    let Some(store) = store_of_the_parent() else {
        return;
    };
    let lock = store.lock("c1", soon()).unwrap();
    let _journal = store.create(&lock, &header(1)).unwrap();
    // Stands for a delegate, until the parent closes the pipe.
    let mut delegate = Command::new("cat").spawn().unwrap();
    println!("attaching");
    delegate.wait().unwrap();
}

#[test]
fn what_a_killed_call_left_running_is_waited_for() {
    let dir = Dir::new();
    let mut call = process("attaching", dir.directory.path());
    await_word(&mut call, "attaching");
    call.kill().unwrap();
    let pipe = call.stdin.take().unwrap();
    call.wait().unwrap();
    // Another call of the container, such as a CHECK.
    drop(dir.lock());
    let lock = dir.lock();
    let journal = dir.store.load("c1", "eth0").unwrap().unwrap().journal(&lock).unwrap();
    assert!(!journal.alone(Instant::now()).unwrap());
    drop(pipe);
    assert!(journal.alone(soon()).unwrap());
    drop((journal, lock));
    assert_eq!(dir.files(), ["records/c1@eth0.json"], "nothing runs any more");
}

#[test]
fn what_a_call_that_came_to_its_end_left_running_is_not() {
    let dir = Dir::new();
    let lock = dir.lock();
    let journal = dir.store.create(&lock, &header(1)).unwrap();
    let mut daemon = Command::new("cat").stdin(Stdio::piped()).spawn().unwrap();
    drop(journal);
    let journal = dir.store.load("c1", "eth0").unwrap().unwrap().journal(&lock).unwrap();
    assert!(journal.alone(Instant::now()).unwrap());
    drop(daemon.stdin.take());
    daemon.wait().unwrap();
}

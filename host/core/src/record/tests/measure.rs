use super::*;
use crate::record::Ending;

/// Prints what a record costs: `cargo test -- --ignored --nocapture cost_of_a_record`.
#[test]
#[ignore = "a measurement, nothing to fail"]
fn cost_of_a_record() {
    const ROUNDS: u32 = 200;
    let dir = Dir::new();
    let measure = |name: &str, mut step: Box<dyn FnMut() + '_>| {
        let started = Instant::now();
        (0..ROUNDS).for_each(|_| step());
        println!("{name}: {} µs", started.elapsed().as_micros() / u128::from(ROUNDS));
    };
    let life = |sync: bool| {
        let lock = dir.lock();
        let mut journal = dir.store.create(&lock, &header(2)).unwrap();
        let syncing = sync.then(|| journal.sync_beside());
        journal.added(0, &result(0), 1500).unwrap();
        journal.added(1, &result(1), 2500).unwrap();
        journal.done(&Ending { result: result(2), annotations: Value::Null, ..Ending::default() }).unwrap();
        if let Some(syncing) = syncing {
            syncing.wait(soon()).unwrap();
        }
        journal.remove().unwrap();
    };
    measure("open", Box::new(|| drop(Store::open(dir.directory.path()).unwrap())));
    measure("lock, create, 3 events, remove, unlock", Box::new(|| life(false)));
    measure("the same with the sync waited for at once", Box::new(|| life(true)));
}

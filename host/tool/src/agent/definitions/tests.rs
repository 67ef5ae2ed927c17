//! Questions, readings and what the watch tells, in every order. The API server is a closure.

use std::cell::{Cell, RefCell};
use std::future::pending;

use futures::join;
use serde_json::json;

use super::kept::ALL;
use super::*;

const WAIT: Duration = Duration::from_secs(3);

fn key() -> Key {
    ("blue".into(), "net".into())
}

fn definition(version: &str) -> Value {
    json!({"metadata": {"namespace": "blue", "name": "net", "resourceVersion": version}, "spec": {"config": version}})
}

/// An API server that has one definition, or none, and counts how often it is asked.
#[derive(Default)]
struct Server {
    has: RefCell<Option<Value>>,
    asked: Cell<usize>,
    silent: Cell<bool>,
    refuses: Cell<bool>,
}

impl Server {
    fn with(version: &str) -> Self {
        Self { has: RefCell::new(Some(definition(version))), ..Self::default() }
    }

    fn now_has(&self, version: &str) {
        *self.has.borrow_mut() = Some(definition(version));
    }

    fn answer(&self) -> Result<Option<Value>, Untold> {
        self.asked.set(self.asked.get() + 1);
        match (self.silent.get(), self.refuses.get()) {
            (true, _) => Err(Untold::silent("nobody there")),
            (_, true) => Err(Untold { why: "forbidden".into(), silent: false }),
            _ => Ok(self.has.borrow().clone()),
        }
    }
}

impl Definitions {
    /// One question, and the version that answers it.
    async fn ask(&self, server: &Server) -> Result<(Option<String>, Word), String> {
        let answer = self.get("blue", "net", WAIT, || async { server.answer() }).await?;
        Ok((version_of(&answer), answer.word))
    }

    fn watched() -> Self {
        let definitions = Self::default();
        definitions.opened(Instant::now());
        definitions
    }
}

fn version_of(answer: &Answer) -> Option<String> {
    let object = answer.object.as_ref()?;
    Some(object["metadata"]["resourceVersion"].as_str().expect("a version").to_owned())
}

#[allow(clippy::unnecessary_wraps)] // compared with what `ask` answers
fn by(word: Word, version: &str) -> Result<(Option<String>, Word), String> {
    Ok((Some(version.to_owned()), word))
}

fn run<T>(test: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(test)
}

#[test]
fn what_was_read_beside_a_watch_is_not_read_again() {
    run(async {
        let (definitions, server) = (Definitions::watched(), Server::with("5"));
        assert_eq!(definitions.ask(&server).await, by(Word::Server, "5"));
        for _ in 0..3 {
            assert_eq!(definitions.ask(&server).await, by(Word::Memory, "5"));
        }
        // What changes elsewhere is no news.
        definitions.hear(&("green".into(), "net".into()), Told::Is("6".into()));
        assert_eq!(definitions.ask(&server).await, by(Word::Memory, "5"));
        assert_eq!(server.asked.get(), 1);
    });
}

#[test]
fn without_a_watch_each_question_is_a_reading() {
    run(async {
        let (definitions, server) = (Definitions::default(), Server::with("5"));
        for asked in 1..4 {
            assert_eq!(definitions.ask(&server).await, by(Word::Server, "5"));
            assert_eq!(server.asked.get(), asked);
        }
    });
}

/// In between it may have changed, and nobody would have told.
#[test]
fn what_was_read_before_the_watch_began_is_read_once_more() {
    run(async {
        let (definitions, server) = (Definitions::default(), Server::with("5"));
        definitions.ask(&server).await.unwrap();
        definitions.opened(Instant::now());
        server.now_has("6");
        assert_eq!(definitions.ask(&server).await, by(Word::Server, "6"));
        assert_eq!(definitions.ask(&server).await, by(Word::Memory, "6"));
        // The watch breaks, and goes on elsewhere.
        definitions.closed();
        assert_eq!(definitions.ask(&server).await, by(Word::Server, "6"));
        definitions.opened(Instant::now());
        assert_eq!(definitions.ask(&server).await, by(Word::Server, "6"));
        assert_eq!(definitions.ask(&server).await, by(Word::Memory, "6"));
    });
}

#[test]
fn a_watch_that_comes_back_without_a_gap_vouches_for_what_was_read_before() {
    run(async {
        let (definitions, server) = (Definitions::default(), Server::with("5"));
        let since = Instant::now();
        definitions.opened(since);
        definitions.ask(&server).await.unwrap();
        definitions.closed();
        definitions.opened(since);
        assert_eq!(definitions.ask(&server).await, by(Word::Memory, "5"));
    });
}

#[test]
fn what_changed_is_read_and_what_was_deleted_is_absent() {
    run(async {
        let (definitions, server) = (Definitions::watched(), Server::with("5"));
        definitions.ask(&server).await.unwrap();
        server.now_has("9");
        definitions.hear(&key(), Told::Is("9".into()));
        assert_eq!(definitions.version("blue", "net"), None, "nothing is read before somebody asks");
        assert_eq!(definitions.ask(&server).await, by(Word::Server, "9"));
        *server.has.borrow_mut() = None;
        definitions.hear(&key(), Told::Gone("10".into()));
        assert_eq!(definitions.ask(&server).await, Ok((None, Word::Server)));
        assert_eq!(definitions.count(), 0);
    });
}

#[test]
fn that_there_is_none_is_not_kept() {
    run(async {
        let (definitions, server) = (Definitions::watched(), Server::default());
        assert_eq!(definitions.ask(&server).await, Ok((None, Word::Server)));
        // It is made, and the watch has not told of it.
        server.now_has("7");
        assert_eq!(definitions.ask(&server).await, by(Word::Server, "7"));
    });
}

#[test]
fn a_watch_that_tells_late_does_not_bring_back_what_was() {
    run(async {
        let (definitions, server) = (Definitions::watched(), Server::with("100"));
        definitions.ask(&server).await.unwrap();
        // All of these are older than what was read: 99 as a number, too.
        for late in [Told::Is("99".into()), Told::Is("100".into()), Told::Gone("98".into()), Told::Is("7".into())] {
            definitions.hear(&key(), late.clone());
            assert_eq!(definitions.ask(&server).await, by(Word::Memory, "100"), "{late:?}");
        }
        definitions.hear(&key(), Told::Is("101".into()));
        server.now_has("101");
        assert_eq!(definitions.ask(&server).await, by(Word::Server, "101"));
    });
}

/// Of versions that are no numbers it is not known which is newer.
#[test]
fn a_version_that_means_nothing_is_another_version() {
    run(async {
        let (definitions, server) = (Definitions::watched(), Server::with("b"));
        definitions.ask(&server).await.unwrap();
        definitions.hear(&key(), Told::Is("b".into()));
        assert_eq!(definitions.ask(&server).await, by(Word::Memory, "b"));
        definitions.hear(&key(), Told::Is("a".into()));
        assert_eq!(definitions.ask(&server).await, by(Word::Server, "b"));
    });
}

/// The server's answer is on its way while the watch already tells what is newer.
#[test]
fn what_is_told_while_it_is_read_is_read_again() {
    run(async {
        for (told, now) in
            [(Told::Is("9".into()), Some("9")), (Told::Is("9".into()), Some("11")), (Told::Gone("9".into()), None)]
        {
            let (definitions, server) = (Definitions::watched(), Server::with("5"));
            let read = || async {
                let answer = server.answer();
                *server.has.borrow_mut() = now.map(definition);
                if server.asked.get() == 1 {
                    definitions.hear(&key(), told.clone());
                }
                answer
            };
            let answer = definitions.get("blue", "net", WAIT, read).await.unwrap();
            assert_eq!(version_of(&answer).as_deref(), now, "{told:?}");
            assert_eq!(server.asked.get(), 2, "{told:?}");
            assert_eq!(definitions.version("blue", "net").as_deref(), now);
        }
    });
}

#[test]
fn what_changes_all_the_time_is_answered_and_not_kept() {
    run(async {
        let definitions = Definitions::watched();
        let reads = Cell::new(0);
        let read = || async {
            reads.set(reads.get() + 1);
            definitions.hear(&key(), Told::Is(format!("{}", reads.get() + 100)));
            Ok(Some(definition(&reads.get().to_string())))
        };
        let answer = definitions.get("blue", "net", WAIT, read).await.unwrap();
        assert_eq!(version_of(&answer).as_deref(), Some("3"));
        assert_eq!((reads.get(), definitions.count()), (ATTEMPTS, 0));
    });
}

/// 96 pods at once. The reading that was under way when they asked may lack what they need: its
/// answer is only for the pod that began it.
#[test]
fn a_burst_of_questions_is_one_reading_and_two_without_a_watch() {
    run(async {
        for (definitions, expected) in [(Definitions::watched(), 1), (Definitions::default(), 2)] {
            let server = Server::with("5");
            let read = || async {
                tokio::task::yield_now().await;
                server.answer()
            };
            let all = (0..96).map(|_| definitions.get("blue", "net", WAIT, read));
            let answers = futures::future::join_all(all).await;
            assert!(answers.iter().all(|answer| answer.as_ref().is_ok_and(|answer| answer.object.is_some())));
            assert_eq!(server.asked.get(), expected);
            assert!(definitions.lock().reading.is_empty(), "nothing is left of it");
        }
    });
}

#[test]
fn who_asks_for_what_was_made_during_a_reading_does_not_get_its_answer() {
    run(async {
        let (definitions, server) = (Definitions::default(), Server::default());
        let (made, is_made) = tokio::sync::oneshot::channel();
        let first = async {
            let is_made = RefCell::new(Some(is_made));
            let read = || async {
                let answer = server.answer();
                let is_made = is_made.borrow_mut().take().expect("it reads once");
                is_made.await.expect("it will be made");
                answer
            };
            definitions.get("blue", "net", WAIT, read).await.unwrap()
        };
        let second = async {
            server.now_has("7");
            let asks = definitions.ask(&server);
            made.send(()).unwrap();
            asks.await
        };
        let (first, second) = join!(first, second);
        assert_eq!(first.object, None);
        assert_eq!(second, by(Word::Server, "7"));
    });
}

#[test]
fn a_question_that_is_given_up_leaves_its_turn_to_the_next() {
    run(async {
        let (definitions, server) = (Definitions::watched(), Server::with("5"));
        let hangs = definitions.get("blue", "net", WAIT, pending);
        let (given_up, next) = join!(timeout(Duration::from_millis(1), hangs), async {
            tokio::task::yield_now().await;
            definitions.ask(&server).await
        });
        assert!(given_up.is_err());
        assert_eq!(next, by(Word::Server, "5"));
    });
}

#[test]
fn while_the_api_server_is_silent_a_pod_gets_what_it_said_last() {
    run(async {
        let (definitions, server) = (Definitions::watched(), Server::with("5"));
        definitions.ask(&server).await.unwrap();
        server.silent.set(true);
        assert_eq!(definitions.ask(&server).await, by(Word::Memory, "5"), "the watch vouches for it");
        definitions.closed();
        assert_eq!(definitions.ask(&server).await, by(Word::Past, "5"));
        assert_eq!(
            definitions.get("blue", "other", WAIT, || async { server.answer() }).await,
            Err("nobody there".into())
        );
        // It is there again, whatever the watch says.
        server.silent.set(false);
        server.now_has("6");
        assert_eq!(definitions.ask(&server).await, by(Word::Server, "6"));
        // A server that refuses is not silent.
        server.refuses.set(true);
        assert_eq!(definitions.ask(&server).await, Err("forbidden".into()));
    });
}

#[test]
fn what_the_watch_told_to_be_wrong_is_not_what_the_server_said_last() {
    run(async {
        let (definitions, server) = (Definitions::watched(), Server::with("5"));
        definitions.ask(&server).await.unwrap();
        definitions.hear(&key(), Told::Is("6".into()));
        definitions.closed();
        server.silent.set(true);
        assert_eq!(definitions.ask(&server).await, Err("nobody there".into()));
    });
}

/// It has many agents to answer: their watches begin at the same time.
#[test]
fn a_server_whose_watch_works_is_slow_and_not_silent() {
    run(async {
        let (definitions, server) = (Definitions::default(), Server::with("5"));
        definitions.ask(&server).await.unwrap();
        definitions.opened(Instant::now());
        server.now_has("6");
        let slow = || async {
            tokio::time::sleep(Duration::from_millis(50)).await;
            server.answer()
        };
        let answer = definitions.get("blue", "net", Duration::from_millis(3), slow).await.unwrap();
        assert_eq!((version_of(&answer).as_deref(), answer.word), (Some("6"), Word::Server));
    });
}

/// Each of them would wait in vain for as long as the first.
#[test]
fn a_burst_waits_for_a_hanging_api_server_together() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let (definitions, server) = (Definitions::watched(), Server::with("5"));
        definitions.ask(&server).await.unwrap();
        definitions.closed();
        let reads = Cell::new(0);
        let read = || async {
            reads.set(reads.get() + 1);
            pending().await
        };
        let wait = Duration::from_millis(30);
        let answers = futures::future::join_all((0..96).map(|_| definitions.get("blue", "net", wait, read))).await;
        assert!(answers.iter().all(|answer| answer.as_ref().is_ok_and(|answer| answer.word == Word::Past)));
        assert_eq!(reads.get(), 1);
    });
}

#[test]
fn what_is_kept_is_bounded_and_what_was_not_used_for_longest_goes() {
    run(async {
        let definitions = Definitions::watched();
        let of_size = |size: usize| json!({"metadata": {"resourceVersion": "1"}, "spec": {"config": "x".repeat(size)}});
        let ask = async |name: String, size: usize| {
            definitions.get("blue", &name, WAIT, || async { Ok(Some(of_size(size))) }).await.unwrap().word
        };
        ask("used".into(), 4096).await;
        for index in 0..2 * ALL / 4096 {
            ask(format!("net{index}"), 4096).await;
            assert_eq!(ask("used".into(), 4096).await, Word::Memory);
            assert!(definitions.lock().kept.size() <= ALL);
        }
        assert!(definitions.count() > ALL / 4096 / 2, "{} are kept", definitions.count());
        assert_eq!(ask("net0".into(), 4096).await, Word::Server);
        // One that is very large is not kept, and drives out none.
        let before = definitions.count();
        assert_eq!(ask("large".into(), ALL / 2).await, Word::Server);
        assert_eq!(ask("large".into(), ALL / 2).await, Word::Server);
        assert_eq!(definitions.count(), before);
    });
}

//! NetworkAttachmentDefinitions: what was read of them, and a watch that tells when to read again.
//!
//! The watch lists nothing. It begins now and tells what changes from then on, so it costs the API
//! server the same however many definitions a cluster has, and the agent remembers only what pods
//! of its node have asked for. That is enough: a definition that was read after the watch had begun
//! is as it was read until the watch tells of it, and any other is read when it is asked for. So a
//! definition that was just made is never missed: nobody has to be told of it first.
//!
//! A definition that changes is forgotten, and read again when a pod asks for it. To read it at
//! once would be a question of every node at the same instant, for the few nodes that start such a
//! pod next.

mod kept;
#[cfg(test)]
mod tests;
mod watch;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use serde_json::Value;
use tokio::sync::{Mutex as Turns, Notify};
use tokio::time::timeout;

use super::Context;
use crate::kubernetes::{self, Untold};
use genie_core::object::ObjectName;
use kept::{Content, Kept, Told};
pub use watch::watch;

/// How often a definition is read for one question when it changes while it is read.
const ATTEMPTS: usize = 3;
/// How long the API server may be silent before what it said last is answered.
const PATIENCE: Duration = Duration::from_secs(2);

/// A definition's namespace and name.
type Key = (String, String);

/// The definitions that pods of this node use.
#[derive(Default)]
pub struct Definitions {
    state: Mutex<State>,
    /// Somebody has asked for a definition. Until then nothing is watched.
    asked: Notify,
    /// A definition was read. So there are definitions, whatever the watch was told.
    found: Notify,
}

#[derive(Default)]
struct State {
    kept: Kept,
    /// What is being read, by those who wait for it.
    reading: HashMap<Key, Reading>,
    /// What was read since then is known to be right until the watch tells otherwise. None while
    /// there is no watch that works.
    since: Option<Instant>,
    /// Whether the watch's last attempt failed, so that this is logged once.
    fails: bool,
}

#[derive(Default)]
struct Reading {
    /// Who has it reads; the others wait.
    turn: Arc<Turns<Option<Done>>>,
    /// What the watch told since the reading began.
    told: Option<Told>,
}

/// The end of a reading.
#[derive(Clone)]
struct Done {
    began: Instant,
    ended: Instant,
    answer: Answer,
}

/// An answer, and where it comes from.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// The definition; none when there is none of that name.
    pub object: Option<Value>,
    /// Whose word it is.
    pub word: Word,
}

/// Whose word an answer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Word {
    /// It was read before, and the watch has told of no change.
    Memory,
    /// The API server was asked.
    Server,
    /// It is what the API server said last: the watch is broken and the server says nothing.
    Past,
}

impl Word {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Memory, Self::Server, Self::Past];

    /// As it is written in metrics.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Memory => "memory",
            Self::Server => "server",
            Self::Past => "past",
        }
    }
}

impl Definitions {
    /// Answers from memory, or else with what `read` says. `wait` is how long the caller waits.
    ///
    /// # Errors
    /// The API server does not tell, and has not told before.
    pub async fn get<R, F>(&self, namespace: &str, name: &str, wait: Duration, read: R) -> Result<Answer, String>
    where
        R: Fn() -> F,
        F: Future<Output = Result<Option<Value>, Untold>>,
    {
        let asked = Instant::now();
        let key = (namespace.to_owned(), name.to_owned());
        let turn = {
            let mut state = self.lock();
            if let Some(answer) = state.proven(&key) {
                return Ok(answer);
            }
            Arc::clone(&state.reading.entry(key.clone()).or_default().turn)
        };
        let answer = self.in_turn(&key, asked, PATIENCE.min(wait * 2 / 3), &turn, read).await;
        drop(turn);
        // Also those whose callers went away.
        self.lock().reading.retain(|_, reading| Arc::strong_count(&reading.turn) > 1);
        answer
    }

    /// Reads, or takes what was read while this question waited.
    async fn in_turn<R, F>(
        &self,
        key: &Key,
        asked: Instant,
        patience: Duration,
        turn: &Turns<Option<Done>>,
        read: R,
    ) -> Result<Answer, String>
    where
        R: Fn() -> F,
        F: Future<Output = Result<Option<Value>, Untold>>,
    {
        let mut turn = turn.lock().await;
        if let Some(answer) = self.lock().proven(key) {
            return Ok(answer);
        }
        // What was read before somebody asked may lack what that one has just made. But that the
        // server is silent, nobody needs to find out again.
        if let Some(done) = turn.as_ref()
            && (done.began >= asked || (done.answer.word == Word::Past && done.ended >= asked))
        {
            return Ok(done.answer.clone());
        }
        let began = Instant::now();
        let answer = self.read(key, patience, read).await;
        // Only now, so that the watch goes over the connection that this reading has left.
        self.asked.notify_one();
        let answer = answer?;
        *turn = Some(Done { began, ended: Instant::now(), answer: answer.clone() });
        Ok(answer)
    }

    async fn read<R, F>(&self, key: &Key, patience: Duration, read: R) -> Result<Answer, String>
    where
        R: Fn() -> F,
        F: Future<Output = Result<Option<Value>, Untold>>,
    {
        let mut left = ATTEMPTS;
        loop {
            left -= 1;
            let has_past = self.lock().begin(key);
            let began = Instant::now();
            let said = if has_past {
                timeout(patience, read()).await.unwrap_or_else(|_| Err(Untold::silent("no answer in time")))
            } else {
                read().await
            };
            match said {
                Ok(object) => {
                    if object.is_some() {
                        self.found.notify_one();
                    }
                    let holds = self.lock().end(key, began, object.as_ref());
                    if holds || left == 0 {
                        return Ok(Answer { object, word: Word::Server });
                    }
                }
                // The watch may have told meanwhile that it is no longer so.
                Err(Untold { why, silent: true }) => {
                    let past = self.lock().past(key).cloned();
                    let object = past.as_ref().and_then(|past| serde_json::from_str(&past.text).ok());
                    let (Some(past), Some(object)) = (past, object) else { return Err(why) };
                    let (namespace, name) = key;
                    let age = past.read.elapsed().as_secs();
                    tracing::warn!(
                        namespace,
                        name,
                        age,
                        why,
                        "the API server is silent: a pod gets the definition as it was that many seconds ago"
                    );
                    return Ok(Answer { object: Some(object), word: Word::Past });
                }
                Err(untold) => return Err(untold.why),
            }
        }
    }

    /// The version of a definition that is answered from memory.
    pub fn version(&self, namespace: &str, name: &str) -> Option<String> {
        let state = self.lock();
        let content = state.kept.get(&(namespace.to_owned(), name.to_owned()))?;
        state.since.is_some_and(|since| content.read >= since).then(|| content.version.clone())
    }

    /// How many definitions are kept.
    pub fn count(&self) -> usize {
        self.lock().kept.len()
    }

    /// Whether there is a watch that works.
    pub fn is_watched(&self) -> bool {
        self.lock().since.is_some()
    }

    /// The watch is open: it tells of everything that is changed from `since` on.
    fn opened(&self, since: Instant) {
        let mut state = self.lock();
        state.since = Some(since);
        if std::mem::take(&mut state.fails) {
            tracing::info!("NetworkAttachmentDefinitions are watched again");
        }
    }

    /// The watch has come to its end. It will be opened again.
    fn closed(&self) {
        self.lock().since = None;
    }

    /// The watch told something.
    fn hear(&self, key: &Key, told: Told) {
        let mut state = self.lock();
        state.kept.hear(key, &told);
        if let Some(reading) = state.reading.get_mut(key) {
            reading.told = Some(told);
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// A definition that is known to be right.
    fn proven(&mut self, key: &Key) -> Option<Answer> {
        let since = self.since?;
        let content = self.kept.touch(key).filter(|content| content.read >= since)?;
        Some(Answer { object: Some(serde_json::from_str(&content.text).ok()?), word: Word::Memory })
    }

    /// A reading begins. Returns whether something can be answered if the server is silent.
    fn begin(&mut self, key: &Key) -> bool {
        if let Some(reading) = self.reading.get_mut(key) {
            reading.told = None;
        }
        self.past(key).is_some()
    }

    /// A reading has ended. Returns whether the watch told nothing else meanwhile.
    fn end(&mut self, key: &Key, began: Instant, object: Option<&Value>) -> bool {
        let told = self.reading.get_mut(key).and_then(|reading| reading.told.take());
        let version = object.and_then(|object| object["metadata"]["resourceVersion"].as_str());
        if told.is_some_and(|told| !told.is_known_to(version)) {
            self.kept.remove(key);
            return false;
        }
        match (object, version) {
            (Some(object), Some(version)) => {
                let content = Content { text: object.to_string(), version: version.to_owned(), read: began };
                self.kept.insert(key.clone(), content);
            }
            _ => self.kept.remove(key),
        }
        true
    }

    /// What was read last, for when the server is silent. A server whose watch works is not: it is
    /// slow.
    fn past(&self, key: &Key) -> Option<&Content> {
        self.kept.get(key).filter(|_| self.since.is_none())
    }
}

/// Whether this object is a definition, which the agent keeps.
pub fn is_definition(object: &ObjectName) -> bool {
    object.group() == "k8s.cni.cncf.io" && object.version() == "v1" && object.kind() == "NetworkAttachmentDefinition"
}

/// Answers a call's question for a definition. `wait` is how long the call waits.
///
/// # Errors
/// The API server does not tell, and has not told before.
pub async fn answer(context: &Context, wanted: &ObjectName, wait: Duration) -> Result<Option<Value>, String> {
    let read = || async {
        let client = context.client().await.map_err(|why| Untold::silent(&why))?;
        kubernetes::object(&client, wanted).await
    };
    let namespace = wanted.namespace().unwrap_or_default();
    let answer = context.definitions.get(namespace, wanted.name(), wait, read).await?;
    context.metrics.definition_answered(answer.word);
    Ok(answer.object)
}

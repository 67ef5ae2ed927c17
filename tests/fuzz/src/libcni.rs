//! Compares with libcni: both read and convert the same result.

use std::collections::BTreeSet;
use std::env;
use std::io::{BufRead, BufReader, BufWriter, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::{Mutex, OnceLock, PoisonError};

use genie_core::cni::{CniError, CniResult, Version, prev_result};
use serde_json::{Map, Value, json};

use crate::choices::{Choices, document};
use crate::shapes;

/// A result, with its version and the version that it is converted to.
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    /// The version of the configuration.
    pub from: Version,
    /// The version to convert to.
    pub to: Version,
    /// JSON text: what a plugin printed, or a `prevResult`.
    pub result: &'a str,
    /// Whether it is a `prevResult`.
    pub previous: bool,
}

impl Question<'_> {
    /// Our answer.
    ///
    /// # Errors
    /// The result cannot be read, or not be converted.
    pub fn ours(&self) -> Result<Value, CniError> {
        let result = if self.previous {
            let value = serde_json::from_str(self.result).map_err(|error| CniError::new(6, error.to_string()))?;
            let config = Map::from_iter([("prevResult".to_owned(), value)]);
            match prev_result(&config, self.from)? {
                Some(result) => result,
                None => return Ok(Value::Null),
            }
        } else {
            CniResult::parse(self.result.as_bytes(), self.from)?
        };
        result.convert(self.to).map(|result| result.to_value())
    }
}

/// libcni as a filter (`tests/tools/libcni`). It is stopped when this value is dropped.
pub struct Libcni {
    child: Child,
    questions: BufWriter<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

impl Libcni {
    /// Starts the filter.
    ///
    /// # Panics
    /// The filter is not built.
    pub fn start() -> Self {
        let tools = env::var_os("GENIE_TOOLS");
        let ours = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/tools");
        let program = tools.map_or(ours, Into::into).join("bin/libcni");
        let mut child = Command::new(&program)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{}: {error}; run `tests/tools/build libcni`", program.display()));
        let (stdin, stdout) = (child.stdin.take(), child.stdout.take());
        Self {
            child,
            questions: BufWriter::new(stdin.expect("its stdin is a pipe")),
            answers: BufReader::new(stdout.expect("its stdout is a pipe")),
        }
    }

    /// libcni's answer.
    ///
    /// # Errors
    /// The text of libcni's error, or `panic: …` when it panicked.
    ///
    /// # Panics
    /// The filter does not answer.
    pub fn ask(&mut self, question: &Question<'_>) -> Result<Value, String> {
        let Question { from, to, result, previous } = question;
        let line = json!({"from": from.as_str(), "to": to.as_str(), "result": result, "prev": previous});
        writeln!(self.questions, "{line}").and_then(|()| self.questions.flush()).expect("libcni reads");
        let mut answer = String::new();
        self.answers.read_line(&mut answer).expect("libcni answers");
        let mut answer: Value = serde_json::from_str(&answer).expect("libcni answers with JSON");
        if answer["ok"] == json!(true) {
            return Ok(answer["output"].take());
        }
        Err(answer["error"].as_str().unwrap_or_default().to_owned())
    }
}

impl Drop for Libcni {
    fn drop(&mut self) {
        _ = self.child.kill();
        _ = self.child.wait();
    }
}

/// Reads and converts a result with both. Three bytes of the input choose both versions and whether
/// it is a `prevResult`; the result follows.
///
/// # Panics
/// Our answer and libcni's differ.
pub fn convert(bytes: &[u8]) {
    static LIBCNI: OnceLock<Mutex<Libcni>> = OnceLock::new();
    let libcni = LIBCNI.get_or_init(|| Mutex::new(Libcni::start()));
    let (how, result) = bytes.split_at_checked(3).unwrap_or((bytes, &[]));
    let mut choices = Choices::new(how);
    let [from, to] = [(); 2].map(|()| choices.pick(&Version::ALL).unwrap_or(Version::CURRENT));
    let previous = choices.below(4) == 3;
    let result = document(result, shapes::result).to_string();
    let question = Question { from, to, result: &result, previous };
    let mut libcni = libcni.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(difference) = difference(&question, &mut libcni) {
        panic!("{difference}");
    }
}

/// How our answer and libcni's differ. The result is none when they do not, or when the difference
/// is known. `tests/tests/conversion.rs` has all known differences, with reasons.
pub fn difference(question: &Question<'_>, libcni: &mut Libcni) -> Option<String> {
    let (ours, theirs) = (question.ours(), libcni.ask(question));
    let same = match (&ours, &theirs) {
        (Ok(ours), Ok(theirs)) => {
            ours == theirs || (question.to >= Version::V1_0_0 && rounded(ours) == rounded(theirs))
        }
        (Err(error), Ok(_)) => error.msg.contains("expected an object, found null"),
        (Ok(_), Err(_)) => false,
        (Err(_), Err(_)) => true,
    };
    let known = same || serde_json::from_str(question.result).is_ok_and(|result| is_ambiguous(&result));
    (!known).then(|| format!("{question:?}\n  ours: {ours:?}\nlibcni: {theirs:?}"))
}

/// The value with its numbers as libcni prints them since 1.0.0: converted to floats and back.
fn rounded(value: &Value) -> Value {
    match value {
        Value::Number(number) => number.as_f64().into(),
        Value::Array(values) => values.iter().map(rounded).collect(),
        Value::Object(object) => object.iter().map(|(key, value)| (key.clone(), rounded(value))).collect(),
        other => other.clone(),
    }
}

/// Whether Go takes two keys of an object for one, or takes a key for another that it is not.
fn is_ambiguous(value: &Value) -> bool {
    match value {
        Value::Array(values) => values.iter().any(is_ambiguous),
        Value::Object(object) => {
            let keys: BTreeSet<_> = object.keys().map(|key| key.to_ascii_lowercase()).collect();
            let folds = keys.iter().any(|key| key.contains(['\u{17f}', '\u{212a}']));
            folds || keys.len() < object.len() || object.values().any(is_ambiguous)
        }
        _ => false,
    }
}

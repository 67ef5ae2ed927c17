//! `genie-host run-selector`: the child's side of [`genie_core::selector::child::run`].

use std::io::{self, BufRead, BufReader, ErrorKind, Write};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::engine::engine;
use super::program::prepare;
use crate::selector::confine;
use genie_core::cni::{CniError, code};
use genie_core::selector::artefact::load::load_file;
use genie_core::selector::child::run::{RunOrder, RunReport, Said};
use genie_core::selector::contract;
use genie_core::selector::sandbox::run::{Ran, Run};

/// Reads the order for one selector from standard input, runs the selector, and answers on standard
/// output. A failure of the selector is an answer. The result is an error only when no answer could
/// be given.
///
/// This process is confined before the selector runs, so it can do nothing else afterwards.
pub fn run_selector() -> Result<(), CniError> {
    let failed = |what: &str, error: io::Error| CniError::new(code::IO, format!("{what}: {error}"));
    confine::close_inherited().map_err(|error| failed("what descriptors there are cannot be read", error))?;
    // WASI works inside a runtime. Without one it starts its own, with threads and sockets. What it
    // does for selectors is ready at once, so nothing has to drive this runtime.
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    let runtime = runtime.map_err(|error| failed("WASI does not start", error))?;
    let _entered = runtime.enter();
    speak(BufReader::new(io::stdin()), io::stdout(), confine::confine)
        .map_err(|error| failed("the caller of run-selector cannot be understood", error))
}

/// The child's end of the conversation with the plugin.
struct Line<R, W> {
    from: R,
    to: W,
}

impl<R: BufRead, W: Write> Line<R, W> {
    fn receive<T: DeserializeOwned>(&mut self) -> io::Result<T> {
        let mut line = Vec::new();
        if self.from.read_until(b'\n', &mut line)? == 0 {
            return Err(io::Error::new(ErrorKind::UnexpectedEof, "it hung up"));
        }
        Ok(serde_json::from_slice(&line)?)
    }

    fn send(&mut self, message: &impl Serialize) -> io::Result<()> {
        let mut line = serde_json::to_vec(message)?;
        line.push(b'\n');
        self.to.write_all(&line)?;
        self.to.flush()
    }
}

/// Serves one order. `confine` is called before the selector runs, with the time that the selector
/// may take.
pub(super) fn speak(
    from: impl BufRead + Send + 'static,
    to: impl Write + Send + 'static,
    confine: impl FnOnce(Duration) -> Result<(), String>,
) -> io::Result<()> {
    let mut line = Line { from, to };
    let order: RunOrder = line.receive()?;
    let line = Arc::new(Mutex::new(line));
    let asking = Arc::clone(&line);
    let ask = Box::new(move |question| {
        let mut line = asking.lock().unwrap_or_else(PoisonError::into_inner);
        line.send(&Said::Question(question)).and_then(|()| line.receive()).map_err(|error| error.to_string())?
    });
    let time = Duration::from_millis(order.millis.min(u64::from(u32::MAX)));
    let deadline = Instant::now() + time;
    let confined = load(&order).and_then(|prepared| match confine(time) {
        Ok(()) => Ok(prepared),
        Err(reason) => {
            let selector = &order.bounds.selector;
            Err(CniError::new(code::SELECTOR, format!("selector {selector:?} is not run: {reason}")))
        }
    });
    let ran = match confined {
        Ok(prepared) => prepared.run(&order.task, &order.bounds, ask, deadline),
        Err(error) => Ran::failed(error),
    };
    line.lock().unwrap_or_else(PoisonError::into_inner).send(&Said::Report(RunReport::from(ran)))
}

fn load(order: &RunOrder) -> Result<Arc<dyn Run>, CniError> {
    let selector = &order.bounds.selector;
    let component = load_file(engine()?, &order.artefact)
        .map_err(|error| CniError::new(code::SELECTOR, format!("selector {selector:?} does not load: {error}")))?;
    let imports = contract::imports_of(selector, &component)?;
    order.bounds.grants.check_imports(selector, &imports)?;
    prepare(selector, &component)
}

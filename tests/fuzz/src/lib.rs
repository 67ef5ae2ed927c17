//! The functions that fuzzing runs. They take any bytes, and panic when a law of the host is
//! broken. `run` gives them to libFuzzer; `tests/corpus.rs` replays the kept inputs.
//!
//! An input is the JSON text that a target reads, or bytes from which a generator makes such a
//! document.

mod annotations;
mod args;
mod call;
mod choices;
mod conf;
pub mod libcni;
mod merge;
mod plan;
mod record;
mod result;
mod secrets;
mod selection;
mod shapes;

pub use choices::{Choices, Shape};
pub use shapes::result as any_result;

/// A function that takes an input, and panics when it finds a defect.
pub type Target = fn(&[u8]);

/// The targets by their names.
pub const TARGETS: [(&str, Target); 12] = [
    ("annotations", annotations::annotations),
    ("args", args::args),
    ("call", call::call),
    ("conf", conf::conf),
    ("conf-dir", conf::conf_dir),
    ("convert", libcni::convert),
    ("merge", merge::merge),
    ("plan", plan::plan),
    ("prev-result", result::prev_result),
    ("record", record::record),
    ("result", result::result),
    ("secrets", secrets::secrets),
];

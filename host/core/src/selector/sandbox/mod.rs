//! One call of one selector: what it may use, what it may ask, and how it is run.

pub mod facts;
pub mod imports;
pub mod limits;
pub mod log;
pub mod run;
pub mod task;
pub mod unanswered;

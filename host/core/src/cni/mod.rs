//! The CNI protocol: the runtime's call, network configurations, results of every version, errors.
//!
//! Nothing here touches the system, except [`netns`], which looks at two paths. All input is read
//! as the Go programs on the other side read it: keys match without regard to ASCII case, `null` is
//! "not given", unknown keys are ignored. Where libcni accepts what later brings a runtime down,
//! genie refuses it, and the function's documentation says so.

mod apart;
mod args;
mod call;
mod error;
mod fields;
mod list;
pub mod names;
pub mod netns;
mod result;
mod secret;
mod version;

pub use args::CniArgs;
pub use call::{
    Call, Environment, PendingCall, ProcessEnvironment, STDIN_LIMIT, Selectors, Start, Verb, start, version_document,
};
pub use error::{CniError, code, quoted};
pub use fields::get;
pub use list::NetworkList;
pub use result::{CniResult, Dns, FamilyIp, FamilyResult, Interface, Ip, ListedResult, Route, prev_result};
pub use secret::{Secrets, text_without_secrets, without_secrets};
pub use version::Version;

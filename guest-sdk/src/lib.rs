//! Write a selector for genie-host: a small WebAssembly module that decides
//! which networks a pod gets.
//!
//! A selector is a type that implements [`Selector`], handed to [`export!`]:
//!
//! ```
//! use genie_selector::{About, Attachment, Plan, Refusal, Request, Selector, Verdict};
//!
//! struct Tenant;
//!
//! impl Selector for Tenant {
//!     type Settings = ();
//!
//!     fn about() -> About {
//!         About::new("tenant", "0.1.0", "puts every pod on the network of its namespace")
//!     }
//!
//!     fn select(request: &Request, _settings: &()) -> Result<Verdict, Refusal> {
//!         match request.find_network(&request.pod.namespace) {
//!             Some(network) => Ok(Plan::new(
//!                 format!("namespace {}", request.pod.namespace),
//!                 vec![Attachment::installed(&network.file)],
//!             )
//!             .into()),
//!             None => Ok(Verdict::Pass),
//!         }
//!     }
//! }
//!
//! genie_selector::export!(Tenant);
//!
//! # use genie_selector::testing;
//! let request = testing::request().with_network("10-blue.conflist", "blue", &["bridge"]);
//! assert_eq!(Tenant::select(&request, &()), Ok(Verdict::Pass));
//! ```
//!
//! What a selector may ask the host is in [`log`], [`pod`], [`cluster`] and
//! [`node`]. A module imports only what its code calls, and the host refuses a
//! module that imports what the configuration does not grant.
//!
//! On other targets than WebAssembly the same functions answer from
//! [`testing::Host`], so that `cargo test` tests a selector without a runtime.

#[allow(unsafe_code, missing_docs, unused_qualifications, clippy::pedantic)]
#[doc(hidden)]
pub mod bindings;
mod build;
pub mod cluster;
mod export;
mod imports;
pub mod interface;
pub mod log;
pub mod merge;
mod network;
pub mod node;
pub mod plugin_list;
pub mod pod;
mod request;
mod settings;
#[cfg(not(target_family = "wasm"))]
pub mod testing;

#[doc(inline)]
pub use bindings::genie::selector::types::{
    About, Attachment, DefaultRoute, DefinitionName, Merged, Mistake, Network, Outcome, Plan, PodName, Refusal,
    Request, Source, Verdict,
};
#[doc(hidden)]
pub use export::Component;

use serde::de::DeserializeOwned;

/// A selector: decides which networks a pod gets.
pub trait Selector {
    /// The `settings` of the configuration's entry. `()` for a selector that
    /// takes none.
    ///
    /// Text that does not fit becomes [`Refusal::Invalid`] with the key
    /// `settings`, the operator's mistake, before [`select`](Self::select) is called.
    type Settings: DeserializeOwned + 'static;

    /// What this selector is; shown by `genie-host inspect`.
    fn about() -> About;

    /// Decides.
    ///
    /// # Errors
    ///
    /// A [`Refusal`] keeps the pod from starting: nothing has been attached by
    /// then, and its text is what the pod's events show.
    fn select(request: &Request, settings: &Self::Settings) -> Result<Verdict, Refusal>;
}

/// A selector that merges the attachments' results in its own way. Export it
/// with `export!(TYPE with merge)`.
pub trait Merge: Selector {
    /// Makes one result for the runtime. [`merge::standard`] does what the host
    /// does for selectors without a merge of their own.
    ///
    /// # Errors
    ///
    /// A [`Refusal`] takes all attachments away again and fails the call.
    fn merge(
        request: &Request,
        plan: &Plan,
        outcomes: &[Outcome],
        settings: &Self::Settings,
    ) -> Result<Merged, Refusal>;
}

/// The README's code, as tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
mod readme {}

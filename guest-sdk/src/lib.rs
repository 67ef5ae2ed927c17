//! Write a *selector* for genie-host, the CNI plugin that lets each pod choose its
//! networks.
//!
//! A selector decides which networks a pod gets. It is a small WebAssembly module. While
//! a pod starts, genie-host hands it a [`Request`]: the pod, its annotations, and the
//! networks of the node. The selector answers with one of these:
//!
//! - a [`Plan`]: the networks of the pod, and why;
//! - [`Verdict::Pass`]: the next selector of the configuration decides;
//! - a [`Refusal`]: the pod does not start, and the pod's events show the text.
//!
//! genie-host does everything else. It runs the networks' plugins, undoes all of them
//! when one fails, merges their results, and keeps a record for the pod's end.
//!
//! # A first selector
//!
//! A selector is a type that implements [`Selector`] and is handed to [`export!`]. This one
//! puts a pod on the network that has the name of the pod's namespace, if there is one:
//!
//! ```
//! use genie_selector::{About, Attachment, Plan, Refusal, Request, Selector, Verdict};
//!
//! struct ByNamespace;
//!
//! impl Selector for ByNamespace {
//!     type Settings = ();
//!
//!     fn about() -> About {
//!         About::new("by-namespace", "0.1.0", "puts a pod on the network of its namespace")
//!     }
//!
//!     fn select(request: &Request, _settings: &()) -> Result<Verdict, Refusal> {
//!         let namespace = &request.pod.namespace;
//!         let Some(network) = request.find_network(namespace) else {
//!             return Ok(Verdict::Pass);
//!         };
//!         let attachment = Attachment::installed(&network.file);
//!         Ok(Plan::new(format!("namespace {namespace}"), vec![attachment]).into())
//!     }
//! }
//!
//! genie_selector::export!(ByNamespace);
//!
//! # use genie_selector::testing;
//! # let request = testing::request().with_network("10-demo.conflist", "demo", &["bridge"]);
//! # assert_ne!(ByNamespace::select(&request, &()), Ok(Verdict::Pass));
//! # assert_eq!(ByNamespace::select(&request.for_pod("other", "pod"), &()), Ok(Verdict::Pass));
//! ```
//!
//! The README of this crate has the `Cargo.toml` for it, and tells how to build and deploy
//! the module.
//!
//! # Settings
//!
//! The operator writes settings into the selector's entry of the configuration. Their type
//! is [`Selector::Settings`], which implements [`serde::Deserialize`]; this crate re-exports
//! [`serde`], with its derive, so that a selector needs no other. The JSON schema that
//! [`About::with_settings`] adds lets genie-host find a mistake when the configuration is put
//! in force, and not only when the first pod waits.
//!
//! ```
//! use genie_selector::serde::Deserialize;
//! use genie_selector::{About, Plan, Refusal, Request, Selector, Verdict, plugin_list};
//!
//! #[derive(Deserialize)]
//! #[serde(crate = "genie_selector::serde", deny_unknown_fields)]
//! struct Settings {
//!     networks: String,
//! }
//!
//! struct Fixed;
//!
//! impl Selector for Fixed {
//!     type Settings = Settings;
//!
//!     fn about() -> About {
//!         About::new("fixed", "0.1.0", "puts every pod on the networks of its settings")
//!             .with_settings(r#"{"properties": {"networks": {"type": "string"}}, "required": ["networks"]}"#)
//!     }
//!
//!     fn select(request: &Request, settings: &Settings) -> Result<Verdict, Refusal> {
//!         Ok(plugin_list::plan(request, "settings.networks", &settings.networks)?.into())
//!     }
//! }
//! ```
//!
//! A selector whose settings are a long table takes [`settings::Text`] and reads it part by part.
//!
//! With the feature `schema` the schema is derived from the type: see the module `schema`.
//!
//! # Facts
//!
//! Everything in the request is free. Some facts may cost the host a read, and a selector
//! asks for them by calling a function:
//!
//! | module | facts | grant |
//! | --- | --- | --- |
//! | [`pod`] | labels, service account, owner | `"pod"` |
//! | [`namespace`] | labels of the pod's namespace | `{"cluster": ["v1/Namespace"]}` |
//! | [`cluster`] | one object of an allowed kind | `"cluster"` |
//! | [`node`] | traffic and its rate, labels, free addresses | `"node"` |
//! | [`log`] | none: it takes messages | not needed |
//!
//! A module imports only the interfaces that its code calls, and genie-host refuses a module
//! that imports an interface which the configuration does not grant. The functions fail with
//! [`Refusal::Unavailable`]. With `?` the runtime starts the pod later; with a `match` the
//! selector decides without the fact.
//!
//! # Plans
//!
//! Without any grant a plan chooses among [`Request::networks`], orders them, and names their
//! interfaces. Every other method of [`Attachment`] names the grant that it needs.
//! [`Request::require_network`] and [`plugin_list`] find networks by the words that users
//! write, and refuse a wrong one with the names that were probably meant.
//!
//! # Refusals
//!
//! | refusal | meaning |
//! | --- | --- |
//! | [`Refusal::invalid`] | Somebody wrote something wrong. The key tells whether the pod's owner or the operator has to act. |
//! | [`Refusal::denied`] | Policy keeps the network from this pod. |
//! | [`Refusal::unavailable`] | The decision cannot be made now, and the runtime tries again. |
//! | [`Refusal::internal`] | The selector is at fault. |
//!
//! A good text says what was written and what would be right. A panic keeps the pod from
//! starting, too: it is reported as the selector's own fault, with its message.
//!
//! # Merging
//!
//! After all networks are attached, genie-host makes one result for the runtime. A selector
//! may do that itself: it implements [`Merge`] and writes `export!(TYPE with merge)`. Most
//! selectors that do so call [`merge::standard`] and change a part of its result:
//!
//! ```
//! # use genie_selector::{About, Selector, Verdict};
//! use genie_selector::{Merge, Merged, Outcome, Plan, Refusal, Request, merge};
//!
//! # struct Counting;
//! # impl Selector for Counting {
//! #     type Settings = ();
//! #     fn about() -> About { About::new("counting", "0.1.0", "says how many networks a pod has") }
//! #     fn select(_: &Request, (): &()) -> Result<Verdict, Refusal> { Ok(Verdict::Pass) }
//! # }
//! impl Merge for Counting {
//!     fn merge(request: &Request, _: &Plan, outcomes: &[Outcome], (): &()) -> Result<Merged, Refusal> {
//!         let merged = merge::standard(&request.interface, None, outcomes).map_err(Refusal::internal)?;
//!         Ok(merged.annotation("example.org/networks", outcomes.len().to_string()))
//!     }
//! }
//!
//! genie_selector::export!(Counting with merge);
//!
//! # let outcomes = [Outcome::new("eth0", "cbr0", "{}")];
//! # let merged = Counting::merge(&genie_selector::testing::request(), &Plan::new("", vec![]), &outcomes, &());
//! # assert!(merged.is_ok_and(|merged| merged.annotations.contains(&("example.org/networks".into(), "1".into()))));
//! ```
//!
//! # Testing
//!
//! `cargo test` tests a selector natively, without a runtime. On other targets than
//! WebAssembly the functions of [`pod`], [`cluster`], [`node`] and [`log`] are answered by a
//! [`testing::Host`]:
//!
//! ```
//! use genie_selector::{pod, testing};
//!
//! let host = testing::Host::new().label("tenant", "blue");
//! assert_eq!(host.run(|| pod::label("tenant")), Ok(Some("blue".to_owned())));
//! ```
//!
//! [`testing::select`] calls a selector with its settings as the operator writes them,
//! [`testing::outcome`] makes what a merge is tested with, and [`testing::Host::granted`] holds the
//! selector's questions against the grants that its entry will have.
//!
//! `genie-host test-selector` runs the module itself, in the host's sandbox and with its
//! limits, without a cluster.
//!
//! # What a selector cannot do
//!
//! A selector has no files, no network, no environment, no clock, no threads and no memory
//! of earlier calls: each call starts from a fresh module. The same inputs give the same
//! decision. Fuel (about one for each instruction) and memory are limited, and a call
//! that exceeds a limit fails.
//!
//! # What may grow
//!
//! The contract between genie-host and a selector is `wit/selector.wit` in this crate,
//! package `genie:selector@0.1.0`. Its records and variants are the types at the root of this
//! crate. They are fixed by the contract's version: no field and no case is added to them, and
//! a module keeps running on every later host that knows its contract. News arrives in other
//! ways, to which a selector that exists need not react:
//!
//! - new keys in [`Request::attributes`](Request#structfield.attributes);
//! - new functions in [`pod`], [`cluster`] and [`node`], which a module does not import
//!   unless it calls them;
//! - new fields in the types of this crate that are `#[non_exhaustive]`.
//!
//! A later contract may have more fields. The source of a selector that makes values by
//! methods (such as [`Plan::new`], [`Attachment::installed`], [`Merged::new`]) and not by
//! struct literals compiles with that, too.

#[allow(unsafe_code, missing_docs, unused_qualifications, clippy::pedantic)]
#[doc(hidden)]
pub mod bindings;
mod build;
pub mod cluster;
mod export;
#[cfg(not(target_family = "wasm"))]
mod fake;
mod imports;
pub mod interface;
pub mod log;
pub mod merge;
pub mod namespace;
mod network;
pub mod node;
pub mod plugin_list;
pub mod pod;
mod request;
#[cfg(feature = "schema")]
pub mod schema;
pub mod settings;
#[cfg(not(target_family = "wasm"))]
pub mod testing;
mod types;

#[doc(inline)]
pub use bindings::genie::selector::types::{
    About, Attachment, DefaultRoute, DefinitionName, Merged, Mistake, Network, Outcome, Plan, PodName, Request, Source,
    Verdict,
};
#[doc(hidden)]
pub use export::Component;
#[cfg(feature = "schema")]
#[doc(no_inline)]
pub use schemars;
#[doc(no_inline)]
pub use serde;
#[doc(inline)]
pub use types::Refusal;

/// A selector: decides which networks a pod gets.
pub trait Selector {
    /// The `settings` of the configuration's entry: a type that implements
    /// [`Deserialize`](serde::Deserialize). A selector without settings has `()`.
    ///
    /// Settings that do not fit this type are refused before [`select`](Self::select) is
    /// called, by a [`Refusal::Invalid`] with the key `settings`: the operator's mistake.
    type Settings: settings::Settings;

    /// Says what this selector is. `genie-host inspect` shows it.
    fn about() -> About;

    /// Decides which networks the pod gets.
    ///
    /// # Errors
    ///
    /// A [`Refusal`] keeps the pod from starting. Nothing has been attached by then, and
    /// the pod's events show the text.
    fn select(request: &Request, settings: &Self::Settings) -> Result<Verdict, Refusal>;
}

/// A selector that merges the attachments' results in its own way. It is exported
/// by `export!(TYPE with merge)`.
pub trait Merge: Selector {
    /// Makes one result for the runtime. [`merge::standard`] makes the result that the host
    /// makes for selectors without a merge of their own.
    ///
    /// # Errors
    ///
    /// A [`Refusal`] takes all attachments away again, and the pod does not start.
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

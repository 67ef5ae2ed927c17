//! The list of networks as users write it: `flannel,weave@eth4`.
//!
//! Commas separate the names. `@` and the name of an interface may follow a name.
//! The grammar is that of CNI-Genie's `cni` annotation and `default_plugin`, but a text
//! that is ambiguous there is an error here.
//!
//! ```
//! use genie_selector::{Attachment, plugin_list, testing};
//!
//! let request = testing::request()
//!     .with_network("10-flannel.conflist", "cbr0", &["flannel"])
//!     .with_network("10-weave.conf", "weave", &["weave-net"]);
//! let plan = plugin_list::plan(&request, "cni", "flannel, weave@eth4")?;
//! let weave = Attachment::installed("10-weave.conf").on("eth4");
//! assert_eq!(plan.attachments, [Attachment::installed("10-flannel.conflist"), weave]);
//! # Ok::<(), genie_selector::Refusal>(())
//! ```

use std::fmt;

use serde::de::{Deserialize, Deserializer, SeqAccess, Visitor};

use crate::{Attachment, Plan, Refusal, Request, interface};

mod hint;
#[cfg(test)]
mod tests;

/// How many elements a list may have. No pod has so many networks, and to read more would cost a
/// selector all its fuel, which looks like the operator's mistake.
pub const MOST: usize = 256;

/// One element of a list. Further fields may be added when the grammar grows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Wanted<'a> {
    /// The network, as written.
    pub name: &'a str,
    /// The interface behind the `@`, or none for the next free interface.
    pub interface: Option<&'a str>,
}

/// A list in settings, as people write it there: as text, or as an array of its elements. Null is an
/// empty list.
///
/// ```
/// use genie_selector::plugin_list;
///
/// let written: plugin_list::Written = serde_json::from_str(r#"["flannel", "weave@eth4"]"#)?;
/// assert_eq!(written.0, "flannel,weave@eth4");
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Written(pub String);

impl<'de> Deserialize<'de> for Written {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct List;
        impl<'de> Visitor<'de> for List {
            type Value = Written;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("networks: a list such as \"flannel,weave@eth4\", or an array of names")
            }

            fn visit_unit<E>(self) -> Result<Written, E> {
                Ok(Written(String::new()))
            }

            fn visit_str<E>(self, list: &str) -> Result<Written, E> {
                Ok(Written(list.to_owned()))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Written, A::Error> {
                let mut names = Vec::new();
                while let Some(name) = elements.next_element::<String>()? {
                    names.push(name);
                }
                Ok(Written(names.join(",")))
            }
        }
        deserializer.deserialize_any(List)
    }
}

/// Reads the list `text`, the value of the annotation or setting `key`.
///
/// # Errors
///
/// [`Refusal::Invalid`] for an element without a name, more than one `@`, a name
/// that no interface may have, the same interface twice, or more than [`MOST`] elements.
pub fn parse<'a>(key: &str, text: &'a str) -> Result<Vec<Wanted<'a>>, Refusal> {
    check_count(key, text)?;
    if let Some(message) = hint::of_list(text) {
        return Err(Refusal::invalid(key, text, message));
    }
    let mut wanted: Vec<Wanted<'a>> = Vec::new();
    for (index, element) in text.split(',').enumerate() {
        let element = element.trim();
        if element.is_empty() {
            let message = format!("element {} of the list is empty: remove the comma or name a network", index + 1);
            return Err(Refusal::invalid(key, text, message));
        }
        let next = element_of(element).map_err(|why| Refusal::invalid(key, element, why))?;
        let taken =
            next.interface.and_then(|interface| wanted.iter().find(|earlier| earlier.interface == Some(interface)));
        if let (Some(interface), Some(earlier)) = (next.interface, taken) {
            let message = format!(
                "{interface} is asked for twice, for {} and for {}: give each its own",
                earlier.name, next.name
            );
            return Err(Refusal::invalid(key, element, message));
        }
        wanted.push(next);
    }
    Ok(wanted)
}

/// Checks that a list with commas between its elements has at most [`MOST`].
///
/// # Errors
///
/// [`Refusal::Invalid`] when it has more.
pub fn check_count(key: &str, text: &str) -> Result<(), Refusal> {
    match text.split(',').count() {
        0..=MOST => Ok(()),
        count => Err(Refusal::invalid(key, text, format!("lists {count} networks, and may list {MOST}"))),
    }
}

/// The plan that the list `text` means, with `KEY: "TEXT"` as its reason.
///
/// # Errors
///
/// Those of [`parse`] and of [`Request::require_network`]; and
/// [`Refusal::Invalid`] when no network would be on the runtime's interface,
/// because the runtime would then see a pod without an address.
pub fn plan(request: &Request, key: &str, text: &str) -> Result<Plan, Refusal> {
    let wanted = parse(key, text)?;
    let attachments = attach(request, key, &wanted)?;
    require_own_interface(request, key, text, &wanted)?;
    Ok(Plan::new(format!("{key}: \"{text}\""), attachments))
}

/// Checks that one of the networks of the list `text` will be on the runtime's own interface. [`plan`]
/// does that by itself; a selector that makes a plan of a list in its own way calls this.
///
/// # Errors
///
/// [`Refusal::Invalid`] when each of them is on another one.
pub fn require_own_interface(request: &Request, key: &str, text: &str, wanted: &[Wanted<'_>]) -> Result<(), Refusal> {
    let own = &*request.interface;
    // An interface that an earlier plugin of the runtime's list has made need not be made again.
    let is_served = request.attribute("served") == Some(own);
    if !is_served && wanted.iter().all(|wanted| wanted.interface.is_some_and(|interface| interface != own)) {
        let example = wanted.first().map_or("NETWORK", |wanted| wanted.name);
        let message = format!(
            "no network is on {own}, so the pod would have no address: write one of them \
             without `@`, or as {example}@{own}"
        );
        return Err(Refusal::invalid(key, text, message));
    }
    Ok(())
}

/// The plan of pods that ask for nothing: the configuration's `default_plugin`, else the first
/// usable network.
///
/// ```
/// use genie_selector::{Attachment, plugin_list, testing};
///
/// let node = testing::request().with_network("10-calico.conflist", "k8s-pod-network", &["calico"]);
/// let plan = plugin_list::usual(&node)?;
/// assert_eq!(plan.attachments, [Attachment::installed("10-calico.conflist")]);
/// # Ok::<(), genie_selector::Refusal>(())
/// ```
///
/// # Errors
///
/// Those of [`plan`], with the key `default_plugin`; and that of
/// [`Request::nothing_installed`].
pub fn usual(request: &Request) -> Result<Plan, Refusal> {
    match request.attribute("default-plugin") {
        Some(list) if !list.trim().is_empty() => plan(request, "default_plugin", list),
        _ => {
            let network = request.networks.first().ok_or_else(|| request.nothing_installed())?;
            let reason = format!("first usable network: {} ({})", network.name, network.file);
            Ok(Plan::new(reason, vec![Attachment::installed(&network.file)]))
        }
    }
}

/// The attachments that the list `text` means, which come on top of others: none of them needs to be
/// on the runtime's interface.
///
/// # Errors
///
/// Those of [`parse`] and of [`Request::require_network`].
pub fn attachments(request: &Request, key: &str, text: &str) -> Result<Vec<Attachment>, Refusal> {
    attach(request, key, &parse(key, text)?)
}

fn attach(request: &Request, key: &str, wanted: &[Wanted<'_>]) -> Result<Vec<Attachment>, Refusal> {
    let attach = |wanted: &Wanted<'_>| {
        let network =
            request.require_network(key, wanted.name).map_err(|refusal| hint::add(refusal, request, wanted.name))?;
        let attachment = Attachment::installed(&network.file);
        Ok(match wanted.interface {
            Some(interface) => attachment.on(interface),
            None => attachment,
        })
    };
    wanted.iter().map(attach).collect()
}

/// Reads one element, `NAME` or `NAME@INTERFACE`.
fn element_of(element: &str) -> Result<Wanted<'_>, String> {
    let Some((name, interface)) = element.split_once('@') else {
        return Ok(Wanted { name: element, interface: None });
    };
    let (name, interface) = (name.trim(), interface.trim());
    if name.is_empty() {
        return Err("names no network before the `@`: write NETWORK@INTERFACE".to_owned());
    }
    if interface.contains('@') {
        return Err("has more than one `@`: write NETWORK@INTERFACE".to_owned());
    }
    if interface.is_empty() {
        return Ok(Wanted { name, interface: None });
    }
    interface::check(interface).map_err(|why| format!("{interface} {why}"))?;
    Ok(Wanted { name, interface: Some(interface) })
}

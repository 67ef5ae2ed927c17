//! The annotation's two forms (section 4.1): names with commas between them, and a JSON list.

use genie_selector::plugin_list::{MOST, check_count};
use genie_selector::{Refusal, interface, serde::Deserialize as _};

use crate::element::Element;
use crate::members::Members;
use crate::name;

/// How many bytes a JSON list may have. To read more would cost the selector all its fuel, which looks
/// like the operator's mistake.
const LONGEST: usize = 32 << 10;

/// The annotation that is read, and the namespace of names without one.
#[derive(Clone, Copy)]
pub struct Context<'a> {
    /// The annotation's key.
    pub key: &'static str,
    /// The namespace of names without one.
    pub namespace: &'a str,
}

/// A place in the annotation, for messages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The annotation's key.
    pub annotation: &'static str,
    /// Which element of the list, from 1.
    pub number: usize,
    /// Which network that is, as written; empty when that is not known yet.
    pub network: String,
    /// Which key of the element; empty for the element itself.
    pub key: &'static str,
}

impl Place {
    /// A refusal for what is written here.
    pub fn refusal(&self, value: &str, message: &str) -> Refusal {
        let network = if self.network.is_empty() { String::new() } else { format!(" ({})", self.network) };
        let key = if self.key.is_empty() { String::new() } else { format!(", {}", self.key) };
        let message = format!("element {}{network}{key}: {message}", self.number);
        Refusal::invalid(self.annotation, value, message)
    }
}

/// Reads the annotation's value, in whichever form.
///
/// # Errors
/// [`Refusal::Invalid`] with the place of the first mistake.
pub fn read(context: Context<'_>, text: &str) -> Result<Vec<Element>, Refusal> {
    let trimmed = text.trim();
    if trimmed.starts_with('[') {
        return read_json(context, trimmed);
    }
    if trimmed.starts_with('{') {
        let message = "is an object: the standard wants a list of such objects, so put [ and ] around it";
        return Err(Refusal::invalid(context.key, text, message));
    }
    check_count(context.key, trimmed)?;
    let place = |index| Place { annotation: context.key, number: index + 1, network: String::new(), key: "" };
    trimmed.split(',').enumerate().map(|(index, item)| read_item(context, item.trim(), place(index))).collect()
}

fn read_json(context: Context<'_>, text: &str) -> Result<Vec<Element>, Refusal> {
    let too_much = |what: String| Err(Refusal::invalid(context.key, text, what));
    if text.len() > LONGEST {
        return too_much(format!("has {} bytes, and may have {LONGEST}", text.len()));
    }
    let mut reader = serde_json::Deserializer::from_str(text);
    let elements = Vec::<Members>::deserialize(&mut reader).and_then(|elements| reader.end().map(|()| elements));
    let elements = elements
        .map_err(|error| Refusal::invalid(context.key, text, format!("is no JSON list of objects: {error}")))?;
    if elements.len() > MOST {
        return too_much(format!("lists {} networks, and may list {MOST}", elements.len()));
    }
    let mut read = Vec::with_capacity(elements.len());
    for (index, members) in elements.into_iter().enumerate() {
        let place = Place { annotation: context.key, number: index + 1, network: String::new(), key: "" };
        read.push(Element::of_members(members, context.namespace, place)?);
    }
    Ok(read)
}

/// Reads `[NAMESPACE/]NAME[@INTERFACE]`.
fn read_item(context: Context<'_>, item: &str, mut place: Place) -> Result<Element, Refusal> {
    const FORM: &str = "write NAME, NAMESPACE/NAME, or either with @INTERFACE behind it";
    if item.is_empty() {
        return Err(place.refusal(item, "is empty: remove the comma, or name a network"));
    }
    let (network, interface) = match item.split_once('@') {
        None => (item, None),
        Some((network, interface)) => (network.trim(), Some(interface.trim())),
    };
    let (namespace, name) = match network.split_once('/') {
        None => (context.namespace, network),
        Some((namespace, name)) => (namespace.trim(), name.trim()),
    };
    network.clone_into(&mut place.network);
    for (what, written) in [("namespace", namespace), ("name", name)] {
        name::check(written).map_err(|why| place.refusal(item, &format!("the {what} {why}; {FORM}")))?;
    }
    if interface.is_some_and(|interface| interface.contains('@')) {
        return Err(place.refusal(item, &format!("has more than one @; {FORM}")));
    }
    if let Some(interface) = interface {
        interface::check(interface).map_err(|why| place.refusal(item, &format!("{interface:?} {why}; {FORM}")))?;
    }
    Ok(Element { interface: interface.map(Into::into), ..Element::new(namespace, name, place) })
}

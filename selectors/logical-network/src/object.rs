//! The objects of the pod's namespace, each asked for once.

use std::fmt;
use std::rc::Rc;

use genie_selector::{Refusal, Request, cluster};
use serde_json::Value;

use crate::KEY;
use crate::subnet::Subnet;

const API_VERSION: &str = "alpha.network.k8s.io/v1";
/// The longest name of an object, in bytes.
const LONGEST: usize = 253;

/// One of the two kinds.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Logical,
    Physical,
}

/// The objects that were asked for.
pub struct Objects<'a> {
    namespace: &'a str,
    told: Vec<Rc<Object>>,
}

/// An object's `spec`, and where it stands.
pub struct Object {
    kind: Kind,
    name: String,
    spec: Value,
}

impl<'a> Objects<'a> {
    /// The objects of the pod's namespace. Nothing is asked yet.
    ///
    /// # Errors
    ///
    /// The runtime names no namespace, so the `list` of networks has no meaning.
    pub fn of(request: &'a Request, list: &str) -> Result<Self, Refusal> {
        let namespace = &*request.pod.namespace;
        if namespace.is_empty() {
            let message = "names networks of the pod's namespace, and the runtime names no pod";
            return Err(Refusal::invalid(KEY, list, message));
        }
        Ok(Self { namespace, told: Vec::new() })
    }

    /// The object that is written as `name` at `place`.
    ///
    /// # Errors
    ///
    /// [`Refusal::Invalid`] when there is none; [`Refusal::Unavailable`] when it cannot be had now.
    pub fn get(&mut self, kind: Kind, place: &str, name: &str) -> Result<Rc<Object>, Refusal> {
        if let Some(told) = self.told.iter().find(|told| told.kind == kind && told.name == name) {
            return Ok(Rc::clone(told));
        }
        if !is_name(name) {
            let message = format!("is no name of a {kind}: it has lower-case letters, digits, hyphens and dots");
            return Err(Refusal::invalid(place, name, message));
        }
        let namespace = self.namespace;
        let Some(text) = cluster::get(API_VERSION, &kind.to_string(), Some(namespace), name)? else {
            let message = format!("there is no {kind} {namespace}/{name}: create it, or correct the name");
            return Err(Refusal::invalid(place, name, message));
        };
        let mut object: Value = serde_json::from_str(&text).unwrap_or_default();
        let object = Rc::new(Object { kind, name: name.to_owned(), spec: object["spec"].take() });
        self.told.push(Rc::clone(&object));
        Ok(object)
    }

    /// The place of a member of an object: `LogicalNetwork demo/net1: spec.plugin`.
    pub fn place(&self, object: &Object, member: &str) -> String {
        format!("{} {}/{}: spec.{member}", object.kind, self.namespace, object.name)
    }

    /// A text of an object. A blank one counts as none.
    pub fn text<'o>(&self, object: &'o Object, member: &str) -> Result<Option<&'o str>, Refusal> {
        match object.member(member) {
            Value::Null => Ok(None),
            Value::String(text) => Ok(Some(text.trim()).filter(|text| !text.is_empty())),
            other => Err(self.wrong(object, member, other, "is no text")),
        }
    }

    /// A subnet of an object.
    pub fn subnet(&self, object: &Object, member: &str) -> Result<Option<Subnet>, Refusal> {
        let Some(text) = self.text(object, member)? else { return Ok(None) };
        match Subnet::parse(text) {
            Ok(subnet) => Ok(Some(subnet)),
            Err(why) => Err(Refusal::invalid(self.place(object, member), text, why)),
        }
    }

    /// A yes or no of an object; no when it says neither.
    pub fn flag(&self, object: &Object, member: &str) -> Result<bool, Refusal> {
        match object.member(member) {
            Value::Null => Ok(false),
            Value::Bool(flag) => Ok(*flag),
            other => Err(self.wrong(object, member, other, "is neither true nor false")),
        }
    }

    fn wrong(&self, object: &Object, member: &str, value: &Value, why: &str) -> Refusal {
        Refusal::invalid(self.place(object, member), value.to_string(), why)
    }
}

impl Object {
    /// A member of the `spec`, by its path.
    fn member(&self, path: &str) -> &Value {
        path.split('.').fold(&self.spec, |value, key| &value[key])
    }

    /// How `sharedStatus` is written: CNI-Genie's own sample leaves out a letter.
    pub fn shared_status(&self) -> &'static str {
        if self.spec["sharedStatus"].is_null() && !self.spec["sharedStaus"].is_null() {
            "sharedStaus"
        } else {
            "sharedStatus"
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Logical => "LogicalNetwork",
            Self::Physical => "PhysicalNetwork",
        })
    }
}

/// Whether the text can be the name of an object. The host ends the call of a selector that asks for
/// anything else.
fn is_name(text: &str) -> bool {
    let word = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let part = |part: &str| {
        let frame = [part.bytes().next(), part.bytes().last()];
        frame.into_iter().all(|byte| byte.is_some_and(word)) && part.bytes().all(|byte| word(byte) || byte == b'-')
    };
    text.len() <= LONGEST && text.split('.').all(part)
}

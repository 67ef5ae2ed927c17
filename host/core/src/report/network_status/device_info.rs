//! What is known of an attachment's device (device information specification v1.1.0, section 3).

use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::{Map, Value};

use crate::device_info::MEMBERS;

/// The object in Multus' order. Members that this version of the specification does not know stay,
/// behind the others.
pub(super) struct DeviceInfo<'a>(pub(super) &'a Map<String, Value>);

impl Serialize for DeviceInfo<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Part { key: "", object: self.0 }.serialize(serializer)
    }
}

/// The object that is the member `key`.
struct Part<'a> {
    key: &'a str,
    object: &'a Map<String, Value>,
}

impl Serialize for Part<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let known = MEMBERS.iter().find(|(key, _)| *key == self.key).map_or(&[][..], |(_, members)| members);
        let place = |key: &str| known.iter().position(|known| *known == key).unwrap_or(known.len());
        // Go leaves out what is empty.
        let mut members: Vec<_> = self.object.iter().filter(|(_, value)| value.as_str() != Some("")).collect();
        members.sort_by_key(|member| place(member.0));
        let mut map = serializer.serialize_map(Some(members.len()))?;
        for (key, value) in members {
            match value.as_object().filter(|_| self.key.is_empty()) {
                Some(object) => map.serialize_entry(key, &Part { key, object })?,
                None => map.serialize_entry(key, value)?,
            }
        }
        map.end()
    }
}

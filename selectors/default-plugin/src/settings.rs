//! The settings: `{"networks": "flannel,weave@eth4"}`, or the same as an array.
//!
//! They are read by hand, because a derived reader cannot report unknown settings.

use std::fmt;

use genie_selector::plugin_list::Written;
use genie_selector::serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, Visitor};

/// The settings as they were read.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Settings {
    /// The default networks as one list; empty when the setting is missing.
    pub networks: String,
    /// The keys that this selector does not know.
    pub unknown: Vec<String>,
}

impl<'de> Deserialize<'de> for Settings {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object;
        impl<'de> Visitor<'de> for Object {
            type Value = Settings;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object such as {\"networks\": \"flannel\"}")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Settings, A::Error> {
                let mut settings = Settings::default();
                while let Some(key) = members.next_key::<String>()? {
                    if key == "networks" {
                        settings.networks = members.next_value::<Written>()?.0;
                    } else {
                        members.next_value::<IgnoredAny>()?;
                        settings.unknown.push(key);
                    }
                }
                Ok(settings)
            }
        }
        deserializer.deserialize_map(Object)
    }
}

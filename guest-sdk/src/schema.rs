//! The JSON schema of settings, derived from their type. It needs the crate's feature `schema`.
//!
//! ```
//! use genie_selector::schemars::JsonSchema;
//! use genie_selector::serde::Deserialize;
//! use genie_selector::{About, schema};
//!
//! #[derive(Deserialize, JsonSchema)]
//! #[serde(crate = "genie_selector::serde", deny_unknown_fields)]
//! #[schemars(crate = "genie_selector::schemars")]
//! struct Settings {
//!     /// The key of the label that names the network.
//!     label: String,
//! }
//!
//! let about = About::new("tenant", "0.1.0", "").with_settings_of::<Settings>();
//! assert!(about.settings_schema.contains("The key of the label"));
//! # assert_eq!(about.settings_schema, schema::of::<Settings>());
//! ```
//!
//! A module that derives its schema carries schemars, some 35 KB. To keep it small, write the schema
//! to a file once, hand that over (`with_settings(include_str!("settings.schema.json"))`), give the
//! feature to `[dev-dependencies]` alone, derive by `#[cfg_attr(test, derive(JsonSchema))]`, and let a
//! test compare the file with [`of`].

use schemars::JsonSchema;
use schemars::generate::SchemaSettings;

use crate::About;

/// The schema of the type `S`, as JSON text. Types that hold themselves have none that the host
/// could use.
pub fn of<S: JsonSchema>() -> String {
    SchemaSettings::draft2020_12().into_generator().into_root_schema_for::<S>().as_value().to_string()
}

impl About {
    /// Adds the JSON schema of the settings, derived from their type. See [`schema`](crate::schema)
    /// for what that costs.
    #[must_use]
    pub fn with_settings_of<S: JsonSchema>(self) -> Self {
        self.with_settings(&of::<S>())
    }
}

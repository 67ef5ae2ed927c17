//! The settings: `{"networks": [{"name": "flannel", "prefix": "flan"}]}`.

use genie_selector::interface;
use genie_selector::serde::Deserialize;
use genie_selector::serde::de::{Deserializer, Error};

/// CNI-Genie's table.
const USUAL: [(&str, &str); 3] = [("flannel", "flan"), ("calico", "cali"), ("weave", "weav")];

/// The settings as they were read.
#[derive(Deserialize)]
#[serde(crate = "genie_selector::serde", deny_unknown_fields)]
pub struct Settings {
    /// The networks to choose from, in order.
    #[serde(default = "usual")]
    pub networks: Vec<Watched>,
}

/// A network and its interfaces.
#[derive(Deserialize)]
#[serde(crate = "genie_selector::serde", deny_unknown_fields)]
pub struct Watched {
    /// The network, as in the annotation `cni`.
    pub name: String,
    /// The beginning of the names of its interfaces on the node.
    #[serde(deserialize_with = "prefix")]
    pub prefix: String,
}

fn usual() -> Vec<Watched> {
    USUAL.map(|(name, prefix)| Watched { name: name.to_owned(), prefix: prefix.to_owned() }).into()
}

/// The host ends the call of a selector that asks for a prefix that no interface can have.
fn prefix<'de, D: Deserializer<'de>>(reader: D) -> Result<String, D::Error> {
    let prefix = String::deserialize(reader)?;
    match interface::check(&prefix) {
        Ok(()) => Ok(prefix),
        Err(_) => Err(D::Error::custom(format_args!("prefix `{prefix}` begins no interface's name"))),
    }
}

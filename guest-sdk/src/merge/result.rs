//! A CNI result as Rust types, for a merge that reads or changes one. A module that does neither
//! carries none of this.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{Merged, Outcome};

/// The members that a type here does not name. They stay as they are.
type Other = Map<String, Value>;

/// A result of CNI 1.1.0. Members that it has beyond these, such as `cniVersion`, are in `other`.
///
/// ```
/// use genie_selector::{merge, testing};
///
/// let outcomes = [testing::outcome("eth0", "a", &["10.0.0.2/24"]), testing::outcome("eth1", "b", &["10.1.0.2/24"])];
/// let merged = merge::standard("eth0", None, &outcomes)?;
/// let mut result = merged.read()?;
/// result.ips.retain(|ip| !ip.address.starts_with("10.1."));
/// let merged = merged.with_result(&result);
/// assert!(!merged.result.contains("10.1.0.2"));
/// # Ok::<(), String>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct CniResult {
    /// The interfaces that were made.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub interfaces: Vec<Interface>,
    /// The addresses on them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ips: Vec<Ip>,
    /// The routes that were set.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub routes: Vec<Route>,
    /// The name servers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dns: Option<Dns>,
    /// All other members.
    #[serde(flatten)]
    pub other: Other,
}

/// An interface, in the pod or on the node.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Interface {
    /// Its name.
    pub name: String,
    /// Its hardware address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mac: Option<String>,
    /// The path of the network namespace that it is in; none for one on the node.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sandbox: Option<String>,
    /// All other members.
    #[serde(flatten)]
    pub other: Other,
}

/// An address.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Ip {
    /// The address with its prefix length.
    pub address: String,
    /// The gateway of its subnet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gateway: Option<String>,
    /// The place of its interface among the result's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interface: Option<usize>,
    /// All other members.
    #[serde(flatten)]
    pub other: Other,
}

/// A route.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Route {
    /// The subnet that it leads to.
    pub dst: String,
    /// The gateway; none for the one of the address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gw: Option<String>,
    /// All other members.
    #[serde(flatten)]
    pub other: Other,
}

/// Name servers.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Dns {
    /// Their addresses.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub nameservers: Vec<String>,
    /// The local domain.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub domain: Option<String>,
    /// The domains to search.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub search: Vec<String>,
    /// Options of the resolver.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub options: Vec<String>,
    /// All other members.
    #[serde(flatten)]
    pub other: Other,
}

impl Outcome {
    /// What the network's plugins answered.
    ///
    /// # Errors
    ///
    /// A message that names the network whose result is not one of CNI 1.1.0.
    pub fn read(&self) -> Result<CniResult, String> {
        serde_json::from_str(&self.result).map_err(|error| format!("result of network {}: {error}", self.network))
    }
}

impl Merged {
    /// The result for the runtime.
    ///
    /// # Errors
    ///
    /// A message that says why it is not one of CNI 1.1.0.
    pub fn read(&self) -> Result<CniResult, String> {
        serde_json::from_str(&self.result).map_err(|error| format!("merged result: {error}"))
    }

    /// Replaces the result. Parts that no network answered need the grant `"result"`.
    #[must_use]
    pub fn with_result(mut self, result: &CniResult) -> Self {
        // A value of these types has no key that is no text, which is all that could fail.
        self.result = serde_json::to_string(result).unwrap_or_default();
        self
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::{Merged, Outcome};

    #[test]
    fn what_is_read_and_written_again_is_the_same() {
        let whole = json!({
            "cniVersion": "1.1.0",
            "interfaces": [{"name": "eth0", "mac": "02:00:00:00:00:01", "sandbox": "/run/netns/a", "mtu": 1440}, {"name": "veth"}],
            "ips": [{"address": "10.0.0.2/24", "gateway": "10.0.0.1", "interface": 0}, {"address": "fd00::2/64"}],
            "routes": [{"dst": "0.0.0.0/0", "gw": "10.0.0.1", "mtu": 1400, "table": 7}, {"dst": "10.1.0.0/16"}],
            "dns": {"nameservers": ["10.0.0.53"], "domain": "local", "search": ["a"], "options": ["ndots:5"]},
            "example.org/more": [1],
        });
        for result in [whole, json!({"cniVersion": "1.1.0"}), json!({})] {
            let read = Outcome::new("eth0", "a", result.to_string()).read().expect("it is a result");
            let written = Merged::new("{}").with_result(&read);
            assert_eq!(serde_json::from_str::<Value>(&written.result).expect("JSON"), result);
            assert_eq!(written.read(), Ok(read));
        }
    }

    #[test]
    fn a_wrong_result_is_told_with_its_network() {
        let told = Outcome::new("eth0", "cbr0", r#"{"ips": [{}]}"#).read().expect_err("it has no address");
        assert!(told.starts_with("result of network cbr0: missing field `address`"), "{told}");
        assert!(Merged::new("[").read().is_err_and(|told| told.starts_with("merged result: ")));
    }
}

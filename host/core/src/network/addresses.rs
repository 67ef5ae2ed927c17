//! Addresses that a plan asks for.

use std::net::IpAddr;

use ipnet::IpNet;
use serde_json::{Map, Value, json};

use super::context::invalid;
use super::resolve::patch_args;
use crate::cni::{CniError, NetworkList, quoted};
use crate::selector::abi::Attachment;

/// What is asked of a network beyond its configuration.
#[derive(Debug, Default)]
pub(super) struct Wishes {
    /// The members of `runtimeConfig`.
    pub runtime_config: Map<String, Value>,
    /// Pairs for `CNI_ARGS`.
    pub arguments: Vec<(String, String)>,
    /// What the pod's owner should know, though the pod starts.
    pub warnings: Vec<String>,
}

/// Asks for addresses in the way that the network understands: by capability, else by `CNI_ARGS`,
/// which is the old way, and manifests rely on it. With `strict` the old way is refused.
///
/// # Errors
/// A text is no address, or the network declares no capability for addresses.
pub(super) fn ask_for_addresses(
    attachment: &Attachment,
    list: &mut NetworkList,
    wishes: &mut Wishes,
    strict: bool,
) -> Result<(), CniError> {
    let declared = list.capabilities();
    let ips = attachment.ips.iter().map(|ip| parse_ip(ip).map(|parsed| (ip, parsed))).collect::<Result<Vec<_>, _>>()?;
    let written = || ips.iter().map(|(written, _)| (*written).clone()).collect::<Vec<_>>();
    match ips.as_slice() {
        [] => {}
        _ if declared.contains("ips") => _ = wishes.runtime_config.insert("ips".into(), json!(written())),
        [(written, _)] => {
            wishes.legacy("ips", strict)?;
            // As it was written: the plugin static needs a prefix length, and host-local takes none.
            wishes.arguments.push(("IP".into(), (*written).clone()));
        }
        _ => {
            wishes.legacy("ips", strict)?;
            // Several addresses do not fit into CNI_ARGS (CNI conventions, "args in network config").
            patch_args(list, &json!({"cni": {"ips": written()}}))?;
        }
    }
    if let Some(mac) = &attachment.mac {
        check_mac(mac)?;
        if declared.contains("mac") {
            wishes.runtime_config.insert("mac".into(), mac.clone().into());
        } else {
            wishes.legacy("mac", strict)?;
            wishes.arguments.push(("MAC".into(), mac.clone()));
        }
    }
    Ok(())
}

impl Wishes {
    /// Refuses a wish for which the network declares no capability if `strict`, or warns.
    fn legacy(&mut self, capability: &str, strict: bool) -> Result<(), CniError> {
        if strict {
            let message = format!("{capability} is asked for, but no plugin of the network declares that capability");
            return Err(invalid(message));
        }
        self.warnings.push(format!(
            "{capability} is asked for in the old way, since no plugin of the network declares that capability: \
             a plugin may not heed it"
        ));
        Ok(())
    }
}

fn parse_ip(text: &str) -> Result<IpAddr, CniError> {
    let address = text.parse().ok().or_else(|| text.parse::<IpNet>().ok().map(|net| net.addr()));
    address.ok_or_else(|| invalid(format!("{} is no IP address; write one as 10.1.2.3 or 10.1.2.3/24", quoted(text))))
}

fn check_mac(mac: &str) -> Result<(), CniError> {
    let bytes: Vec<_> = mac.split(':').collect();
    let valid = bytes.len() == 6
        && bytes.iter().all(|byte| byte.len() == 2 && byte.bytes().all(|digit| digit.is_ascii_hexdigit()));
    if valid {
        return Ok(());
    }
    Err(invalid(format!("{} is no hardware address; write one as 02:00:00:00:00:01", quoted(mac))))
}

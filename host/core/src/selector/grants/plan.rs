//! Checks a plan against the grants of the entry whose plan it is.

use serde_json::json;

use super::Grants;
use super::Plain;
use super::missing::Missing;
use crate::cni::quoted;
use crate::selector::abi::{Attachment, DefaultRoute, Plan, Request, Source};

impl Grants {
    /// Fails at the first thing in the plan that the entry does not grant.
    ///
    /// An attachment of an earlier entry's plan may be passed on as it was, on whatever interface:
    /// that entry's grants allowed it.
    pub fn check_plan(&self, plan: &Plan, request: &Request, decided: Option<&Plan>) -> Result<(), Missing> {
        let mut decided: Vec<_> = decided.into_iter().flat_map(|plan| &plan.attachments).collect();
        for attachment in &plan.attachments {
            match decided.iter().position(|earlier| is_same(earlier, attachment)) {
                Some(index) => _ = decided.swap_remove(index),
                None => self.check_attachment(request, attachment).map_err(|missing| missing.at(&place(attachment)))?,
            }
        }
        Ok(())
    }

    fn check_attachment(&self, request: &Request, attachment: &Attachment) -> Result<(), Missing> {
        match &attachment.network {
            Source::Installed(written) => self.check_network(written, &request.networks)?,
            Source::Definition(name) => self.check_definition(name, &request.pod)?,
            Source::Inline(configuration) => self.check_inline(configuration, attachment.patch.as_deref())?,
        }
        if let Some(patch) = &attachment.patch {
            self.check_patch(patch)?;
        }
        attachment.args.iter().try_for_each(|(key, _)| self.check_argument(key))?;
        if let Some(members) = &attachment.runtime_config {
            self.check_capabilities(members)?;
        }
        let asks = [(!attachment.ips.is_empty(), "ips"), (attachment.mac.is_some(), "a mac")];
        if let Some((_, what)) = asks.iter().find(|(asks, _)| *asks && !self.has(Plain::Addresses)) {
            return Err(Missing::new(format!("asks for {what}"), json!("addresses")));
        }
        let what = match attachment.default_route {
            DefaultRoute::Usual => return Ok(()),
            DefaultRoute::Via(_) => "is to own the default route",
            DefaultRoute::Never => "is to lose its default route",
        };
        if self.has(Plain::DefaultRoute) { Ok(()) } else { Err(Missing::new(what, json!("default-route"))) }
    }
}

/// Whether an attachment is an earlier one, passed on.
pub fn is_same(earlier: &Attachment, attachment: &Attachment) -> bool {
    let moved = Attachment { interface: attachment.interface.clone(), ..earlier.clone() };
    moved == *attachment
}

fn place(attachment: &Attachment) -> String {
    match &attachment.network {
        Source::Installed(name) => format!("network {}", quoted(name)),
        Source::Definition(name) => format!("network {}", quoted(&format!("{}/{}", name.namespace, name.name))),
        Source::Inline(_) => "network (inline)".into(),
    }
}

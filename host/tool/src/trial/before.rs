//! What an earlier selector decided.

use std::time::Instant;

use serde_json::Value;

use super::Trial;
use super::decide::TIME;
use super::plan::attachment_from_json;
use genie_core::pod::{Annotations, Identity};
use genie_core::selector::abi::{Attachment, Plan};
use genie_core::selector::chain::{Chain, Entry, Run};
use genie_core::selector::grants::Grants;
use genie_core::selector::module::Module;
use genie_core::selector::sandbox::facts::Nothing;
use genie_core::selector::sandbox::limits::Limits;
use genie_core::selector::settings::Settings;

/// The reason of a plan that is not the chain's own.
pub const DECIDED: &str = "decided before";

impl Trial {
    /// The plan that was decided before: a list of networks as the annotation `cni` has it, or a
    /// list of attachments.
    ///
    /// # Errors
    /// It is neither, or wrong. The text says what is.
    pub fn plan_of(&self, decided: &Value) -> Result<Plan, String> {
        let attachments = match decided {
            Value::String(networks) => self.attachments_of(networks)?,
            Value::Array(attachments) => attachments.iter().map(attachment_from_json).collect::<Result<_, _>>()?,
            _ => return Err("write a list of networks as in the annotation cni, or a list of attachments".into()),
        };
        if attachments.is_empty() {
            return Err("it names no network".into());
        }
        Ok(Plan { attachments, reason: DECIDED.into() })
    }

    fn attachments_of(&self, networks: &str) -> Result<Vec<Attachment>, String> {
        let annotation = Entry {
            name: "annotation".into(),
            module: Module::BuiltIn("annotation"),
            run: Run::UntilDecided,
            wake: None,
            settings: Settings::default(),
            grants: Grants::default(),
            limits: Limits::default(),
        };
        let chain = Chain { entries: vec![annotation], merge: None };
        let annotations = Annotations::from([("cni".to_owned(), networks.to_owned())]);
        let request = self.request(&Identity::default(), annotations);
        let decision = chain.decide(&self.config.loader, &request, &Nothing::shared(), Instant::now() + TIME);
        let plan = decision.map_err(|failed| failed.error.msg)?.plan;
        Ok(plan.map(|plan| plan.attachments).unwrap_or_default())
    }
}

//! A script's answer, as the verdict that it means.

use genie_selector::{Plan, Refusal, Request, Verdict, plugin_list};
use rquickjs::{Ctx, Value};
use serde::Deserialize;
use serde_json::Value as Json;

use crate::attachment::{self, Planned};
use crate::failure::Failure;

/// What an answer may be, for messages.
const THERE_ARE: &str = "answer null to pass, a text such as \"calico,flannel@eth1\", a list of such texts, or an \
                         object with networks or attachments, and a reason";
/// How many bytes of a wrong answer a message repeats at most.
const QUOTED: usize = 200;

/// An answer that is an object. It has one of `networks` and `attachments`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Answer {
    networks: Option<Json>,
    attachments: Option<Vec<Json>>,
    reason: Option<String>,
}

/// Reads the answer of the script `file`.
///
/// # Errors
/// It cannot be meant, or names a network that is not there.
pub fn read<'js>(ctx: &Ctx<'js>, answer: &Value<'js>, request: &Request, file: &str) -> Result<Verdict, Failure> {
    if answer.is_null() || answer.is_undefined() {
        return Ok(Verdict::Pass);
    }
    let Some(text) = ctx.json_stringify(answer)? else {
        return Err(Failure::said(format!("answered a {}: {THERE_ARE}", answer.type_name())));
    };
    let text = text.to_string()?;
    let wrong = |why: &str| Failure::said(format!("answered {}: {why}", quoted(&text)));
    let json = serde_json::from_str(&text).map_err(|error| wrong(&error.to_string()))?;
    plan(json, request, file).map(Verdict::Plan).map_err(|mistake| match mistake {
        Mistake::Wrong(why) => wrong(&why),
        Mistake::Refused(refusal) => Failure::Refused(refusal),
    })
}

/// Why there is no plan.
enum Mistake {
    /// The answer is wrong.
    Wrong(String),
    /// The node is at fault.
    Refused(Refusal),
}

fn plan(answer: Json, request: &Request, file: &str) -> Result<Plan, Mistake> {
    let object = match answer {
        Json::Object(_) => answer,
        networks => return list(&networks, request, file),
    };
    let answer: Answer = serde_json::from_value(object).map_err(|error| Mistake::Wrong(error.to_string()))?;
    let mut plan = match (answer.networks, answer.attachments) {
        (Some(networks), None) => list(&networks, request, file)?,
        (None, Some(attachments)) => {
            let read = |(index, value)| one(index, value, request);
            let attachments = attachments.into_iter().enumerate().map(read).collect::<Result<_, _>>()?;
            Plan::new(file, attachments)
        }
        _ => return Err(Mistake::Wrong("write networks or attachments, one of them".to_owned())),
    };
    if let Some(reason) = answer.reason {
        plan.reason = reason;
    }
    Ok(plan)
}

fn one(index: usize, value: Json, request: &Request) -> Result<genie_selector::Attachment, Mistake> {
    let planned = serde_json::from_value::<Planned>(value).map_err(|error| error.to_string());
    let read = planned.and_then(|planned| attachment::read(planned, request));
    read.map_err(|why| Mistake::Wrong(format!("attachments[{index}]: {why}")))
}

/// The plan of a text in the grammar of the annotation `cni`, or of a list of its elements.
fn list(networks: &Json, request: &Request, file: &str) -> Result<Plan, Mistake> {
    let text = match networks {
        Json::String(text) => text.clone(),
        Json::Array(elements) => {
            let texts = elements.iter().map(|element| element.as_str().filter(|text| !text.contains(',')));
            let texts: Option<Vec<_>> = texts.collect();
            let texts = texts.filter(|texts| !texts.is_empty());
            texts.ok_or_else(|| Mistake::Wrong(THERE_ARE.to_owned()))?.join(",")
        }
        _ => return Err(Mistake::Wrong(THERE_ARE.to_owned())),
    };
    plugin_list::plan(request, file, &text).map_err(|refusal| match refusal {
        Refusal::Invalid(mistake) => Mistake::Wrong(format!("{:?}: {}", mistake.value, mistake.message)),
        refusal => Mistake::Refused(refusal),
    })
}

fn quoted(text: &str) -> String {
    if text.len() <= QUOTED {
        return text.to_owned();
    }
    format!("{}…", text.get(..text.floor_char_boundary(QUOTED)).unwrap_or_default())
}

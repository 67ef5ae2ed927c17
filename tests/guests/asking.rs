//! A selector that asks the cluster for the objects that its settings name.

use genie_selector::{About, Attachment, Plan, Refusal, Request, Selector, Verdict, cluster};

struct Asking;

#[derive(serde::Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct Settings {
    ask: Vec<Object>,
    /// Refuse with what the cluster answered, instead of a plan.
    #[serde(default)]
    tell: bool,
    /// How often each object is asked for.
    #[serde(default = "once")]
    times: usize,
    #[serde(default)]
    networks: Vec<String>,
}

#[derive(serde::Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct Object {
    api_version: String,
    kind: String,
    namespace: Option<String>,
    name: String,
}

fn once() -> usize {
    1
}

impl Selector for Asking {
    type Settings = Settings;

    fn about() -> About {
        About::new("asking", "0.1.0", "asks for the objects that its settings name")
    }

    fn select(_: &Request, settings: &Settings) -> Result<Verdict, Refusal> {
        let mut told = String::new();
        let mut bytes = 0;
        for object in settings.ask.iter().flat_map(|object| std::iter::repeat_n(object, settings.times)) {
            let Object { api_version, kind, namespace, name } = object;
            let answer = cluster::get(api_version, kind, namespace.as_deref(), name)?;
            bytes += answer.as_deref().map_or(0, str::len);
            told = answer.unwrap_or_else(|| "nothing".into());
        }
        if settings.tell {
            return Err(Refusal::denied(told));
        }
        let attachments = settings.networks.iter().map(Attachment::installed).collect();
        Ok(Plan::new(format!("{bytes} bytes say so"), attachments).into())
    }
}

genie_selector::export!(Asking);

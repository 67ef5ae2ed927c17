//! A selector that does what its settings say. All tests of the chain use this one module.

use genie_selector::{About, Attachment, DefaultRoute, Plan, Refusal, Request, Selector, Verdict, log};

struct Puppet;

#[derive(serde::Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct Settings {
    act: Act,
    /// Networks of a plan, each `NETWORK` or `NETWORK@INTERFACE`.
    #[serde(default)]
    networks: Vec<String>,
    /// A merge patch for each attachment.
    patch: Option<String>,
    /// The gateway of the default route. The last attachment owns that route.
    gateway: Option<String>,
    /// What each attachment does with default routes: `usual`, `never`, `keep`, or a gateway.
    #[serde(default)]
    routes: Vec<String>,
    /// The text of a refusal.
    #[serde(default)]
    text: String,
}

#[derive(serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Act {
    Pass,
    Plan,
    /// Pass if nothing was decided, else plan that decision with `networks` added.
    Extend,
    /// Refuse if there is a decision.
    Guard,
    Invalid,
    Denied,
    Unavailable,
    Internal,
    Panic,
    Loop,
    Allocate,
    Recurse,
    Chatter,
    /// Plan, and print to standard output and standard error. Only WASI has these.
    Print,
    LongReason,
    EmptyPlan,
}

impl Selector for Puppet {
    type Settings = Settings;

    fn about() -> About {
        About::new("puppet", "0.1.0", "does what its settings say")
    }

    fn select(request: &Request, settings: &Settings) -> Result<Verdict, Refusal> {
        let text = &settings.text;
        match settings.act {
            Act::Pass => Ok(Verdict::Pass),
            Act::Plan => Ok(Plan::new("the settings say so", attachments(settings)).into()),
            Act::EmptyPlan => Ok(Plan::new("nothing", Vec::new()).into()),
            Act::LongReason => Ok(Plan::new("x".repeat(4 << 20), attachments(settings)).into()),
            Act::Extend => Ok(request.decided.clone().map_or(Verdict::Pass, |mut plan| {
                plan.attachments.extend(attachments(settings));
                plan.into()
            })),
            Act::Guard => match &request.decided {
                Some(plan) => Err(Refusal::denied(format!("{text}: {}", plan.reason))),
                None => Ok(Verdict::Pass),
            },
            Act::Invalid => Err(Refusal::invalid("example.org/networks", "nonsense", text)),
            Act::Denied => Err(Refusal::denied(text)),
            Act::Unavailable => Err(Refusal::unavailable(text)),
            Act::Internal => Err(Refusal::internal(text)),
            Act::Panic => panic!("{text}"),
            Act::Loop => loop {
                std::hint::black_box(());
            },
            Act::Allocate => {
                let mut kept = Vec::new();
                loop {
                    kept.push(std::hint::black_box(Vec::<u8>::with_capacity(1 << 20)));
                }
            }
            Act::Recurse => Err(Refusal::internal(depth(request.networks.len() as u64).to_string())),
            Act::Chatter => {
                for number in 0..100_000 {
                    log::info!("message {number}");
                }
                Ok(Plan::new("after much talk", attachments(settings)).into())
            }
            Act::Print => {
                println!("out: {text}");
                eprintln!("err: {text}");
                Ok(Plan::new("printed", attachments(settings)).into())
            }
        }
    }
}

fn attachments(settings: &Settings) -> Vec<Attachment> {
    let attachment = |written: &String| {
        let attachment = match written.split_once('@') {
            Some((network, interface)) => Attachment::installed(network).on(interface),
            None => Attachment::installed(written),
        };
        match &settings.patch {
            Some(patch) => attachment.patch(patch),
            None => attachment,
        }
    };
    let mut attachments: Vec<_> = settings.networks.iter().map(attachment).collect();
    for (attachment, route) in attachments.iter_mut().zip(&settings.routes) {
        attachment.default_route = match &**route {
            "usual" => DefaultRoute::Usual,
            "never" => DefaultRoute::Never,
            "keep" => DefaultRoute::Via(Vec::new()),
            gateway => DefaultRoute::Via(vec![gateway.into()]),
        };
    }
    if let Some(gateway) = &settings.gateway
        && let Some(last) = attachments.pop()
    {
        attachments.push(last.default_route_via(vec![gateway.clone()]));
    }
    attachments
}

/// A recursion that is too deep for the stack, and that an optimiser does not turn into a loop.
fn depth(level: u64) -> u64 {
    if level == u64::MAX { 0 } else { depth(level + 1).wrapping_mul(3) ^ level }
}

genie_selector::export!(Puppet);

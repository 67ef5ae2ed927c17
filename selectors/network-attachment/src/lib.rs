//! The selector `network-attachment`: the pod chooses NetworkAttachmentDefinitions by the annotation
//! of the multi-network standard (version 1.3, section 4).
//!
//! The pod's default network comes first: what an earlier entry decided, else the configuration's
//! `default_plugin`, else the first usable network. The annotation of Multus for another default
//! network takes its place.

use genie_selector::{About, Attachment, Plan, Refusal, Request, Selector, Verdict, log, plugin_list};

mod attach;
mod element;
mod interfaces;
mod list;
mod members;
mod name;
mod settings;
#[cfg(test)]
mod tests;
mod values;

use element::Element;
use interfaces::Names;
use list::{Context, Place};
use settings::{Invalid, Settings};

/// The annotation of the standard.
const NETWORKS: &str = "k8s.v1.cni.cncf.io/networks";
/// The annotation of Multus that names another default network.
const DEFAULT_NETWORK: &str = "v1.multus-cni.io/default-network";

/// The selector.
pub struct NetworkAttachment;

impl Selector for NetworkAttachment {
    type Settings = Settings;

    fn about() -> About {
        About::new(
            "network-attachment",
            env!("CARGO_PKG_VERSION"),
            "attaches the NetworkAttachmentDefinitions that the pod's annotation `k8s.v1.cni.cncf.io/networks` lists",
        )
        .with_settings(include_str!("settings.schema.json"))
    }

    fn select(request: &Request, settings: &Settings) -> Result<Verdict, Refusal> {
        let default = written(request, DEFAULT_NETWORK);
        let networks = written(request, NETWORKS);
        let always = settings.default_networks_of(request);
        if default.is_none() && networks.is_none() && always.is_empty() {
            return Ok(Verdict::Pass);
        }
        let own = Context { key: NETWORKS, namespace: &request.pod.namespace };
        let further = match networks.map(|text| list::read(own, text)).transpose() {
            Ok(further) => further.unwrap_or_default(),
            Err(refusal) => ignored(refusal, settings)?,
        };
        let theirs = Context { key: DEFAULT_NETWORK, namespace: &settings.namespace };
        let default = match default.map(|text| default_network(theirs, text, request)).transpose() {
            Ok(default) => default,
            Err(refusal) => ignored(refusal, settings)?,
        };
        Composition { request, settings, always, further, default }.plan()
    }
}

genie_selector::export!(NetworkAttachment);

/// The value of an annotation. A blank one says nothing.
fn written<'a>(request: &'a Request, key: &str) -> Option<&'a str> {
    request.annotation(key).filter(|text| !text.trim().is_empty())
}

/// Goes on without a wrong annotation, if the settings say so, as the standard does.
fn ignored<T: Default>(refusal: Refusal, settings: &Settings) -> Result<T, Refusal> {
    match settings.invalid {
        Invalid::Refuse => Err(refusal),
        Invalid::Ignore => {
            log::warn!("ignored, as the operator wants it: {refusal}");
            Ok(T::default())
        }
    }
}

/// The one element of the annotation for another default network.
fn default_network(context: Context<'_>, text: &str, request: &Request) -> Result<Element, Refusal> {
    let mut elements = list::read(context, text)?;
    let element = elements.pop().filter(|_| elements.is_empty());
    let element = element.ok_or_else(|| {
        Refusal::invalid(context.key, text, "has to name exactly one network, which becomes the pod's default one")
    })?;
    match &element.interface {
        Some(interface) if *interface != request.interface => {
            let message = format!("the default network is on {}: leave the interface out", request.interface);
            Err(element.place.refusal(interface, &message))
        }
        _ => Ok(element),
    }
}

/// All that a pod's plan is made of.
struct Composition<'a> {
    request: &'a Request,
    settings: &'a Settings,
    /// The networks that the operator gives to every pod.
    always: Vec<&'a str>,
    further: Vec<Element>,
    default: Option<Element>,
}

impl Composition<'_> {
    fn plan(self) -> Result<Verdict, Refusal> {
        let Self { request, settings, always, further, default } = self;
        if default.is_none() && further.is_empty() && always.is_empty() && request.decided.is_some() {
            return Ok(Verdict::Pass);
        }
        check_owner(&further, default.as_ref())?;
        let base = match &request.decided {
            Some(decided) => decided.clone(),
            None => plugin_list::usual(request)?,
        };
        let mut reason = vec![format!("default network: {}", base.reason)];
        let mut attachments = base.attachments;
        if let Some(element) = default {
            reason = vec![format!("{DEFAULT_NETWORK}: {element}")];
            replace_default(&mut attachments, request, attach::attachment(&element)?);
        }
        let mut names = Names::new(settings.interfaces, request, &attachments, &further)?;
        for written in always {
            reason.push(format!("settings.defaultNetworks: {written}"));
            attachments.push(names.name(settings.attachment(written, request)?, attachments.len()));
        }
        for element in &further {
            let attachment = attach::attachment(element)?;
            attachments.push(names.name(attachment, attachments.len()));
        }
        if !further.is_empty() {
            let names: Vec<_> = further.iter().map(ToString::to_string).collect();
            reason.push(format!("{NETWORKS}: {}", names.join(", ")));
        }
        Ok(Plan::new(reason.join("; "), attachments).into())
    }
}

/// Puts a definition in the place of the network on the runtime's interface.
fn replace_default(attachments: &mut Vec<Attachment>, request: &Request, default: Attachment) {
    let named = |attachment: &Attachment| attachment.interface.as_ref() == Some(&request.interface);
    let open = |attachment: &Attachment| attachment.interface.is_none();
    let position = attachments.iter().position(named).or_else(|| attachments.iter().position(open));
    match position.and_then(|position| attachments.get_mut(position)) {
        Some(place) => *place = Attachment { interface: place.interface.take(), ..default },
        None => attachments.insert(0, default),
    }
}

/// Only one attachment may carry the key `default-route` (section 4.1.2.1.9).
fn check_owner(further: &[Element], default: Option<&Element>) -> Result<(), Refusal> {
    let mut owners = default.into_iter().chain(further).filter(|element| element.default_route.is_some());
    let Some(first) = owners.next() else { return Ok(()) };
    let Some(second) = owners.next() else { return Ok(()) };
    let place = Place { key: "default-route", ..second.place.clone() };
    Err(place.refusal("", &format!("{first} has a default-route, too, and one network of a pod may have one")))
}

//! Answers, written in few words.

use crate::{
    About, Attachment, DefaultRoute, DefinitionName, Merged, Mistake, Outcome, Plan, Refusal, Source, Verdict,
};

impl About {
    /// A description of a selector without settings. `name` has lower-case letters,
    /// digits and hyphens, `version` is usually `env!("CARGO_PKG_VERSION")`, and `summary`
    /// says in one line what the selector does.
    pub fn new(name: &str, version: &str, summary: &str) -> Self {
        Self {
            name: name.to_owned(),
            version: version.to_owned(),
            summary: summary.to_owned(),
            settings_schema: String::new(),
        }
    }

    /// Adds the JSON schema of the settings, of at most 64 KiB. It refers to its own
    /// parts only (`#/$defs/NAME`), and no part refers back to itself. A configuration
    /// whose settings do not fit it is not put in force.
    #[must_use]
    pub fn with_settings(mut self, schema: &str) -> Self {
        schema.clone_into(&mut self.settings_schema);
        self
    }
}

impl Plan {
    /// A plan: `attachments` in the order in which they are attached, and one sentence
    /// that says why these. The host refuses a plan without attachments.
    pub fn new(reason: impl Into<String>, attachments: Vec<Attachment>) -> Self {
        Self { attachments, reason: reason.into() }
    }
}

impl From<Plan> for Verdict {
    fn from(plan: Plan) -> Self {
        Self::Plan(plan)
    }
}

/// Further fields of a later contract get a method of their own here, so that a selector
/// that is written with these methods need not change.
///
/// ```
/// use genie_selector::Attachment;
///
/// let macvlan = Attachment::installed("30-macvlan.conf").on("net1").patch(r#"{"mode":"bridge"}"#);
/// assert_eq!(macvlan.interface.as_deref(), Some("net1"));
/// ```
impl Attachment {
    /// Attaches to a network of the request. Its `file` is unique; its `name` means the
    /// first network of that name.
    pub fn installed(file_or_name: impl Into<String>) -> Self {
        Self::to(Source::Installed(file_or_name.into()))
    }

    /// Attaches to a `NetworkAttachmentDefinition` of the cluster. Needs the grant
    /// `{"definitions": …}`.
    pub fn definition(namespace: impl Into<String>, name: impl Into<String>) -> Self {
        Self::to(Source::Definition(DefinitionName { namespace: namespace.into(), name: name.into() }))
    }

    /// Attaches by a CNI configuration, or configuration list, which is JSON text. Needs
    /// the grant `{"inline": […]}` with every plugin type in it.
    pub fn inline(configuration: impl Into<String>) -> Self {
        Self::to(Source::Inline(configuration.into()))
    }

    /// An attachment on the next free interface, with nothing else asked for.
    fn to(network: Source) -> Self {
        Self {
            network,
            interface: None,
            ips: Vec::new(),
            mac: None,
            args: Vec::new(),
            runtime_config: None,
            patch: None,
            default_route: DefaultRoute::Usual,
        }
    }

    /// Names the interface inside the pod, in 1 to 15 bytes. Without a name the first
    /// such attachment gets the runtime's own interface, every further one the lowest
    /// free `ethN`.
    #[must_use]
    pub fn on(mut self, interface: impl Into<String>) -> Self {
        self.interface = Some(interface.into());
        self
    }

    /// Asks for one more address, with or without prefix length. Needs the grant
    /// `"addresses"`.
    #[must_use]
    pub fn ip(mut self, address: impl Into<String>) -> Self {
        self.ips.push(address.into());
        self
    }

    /// Asks for a hardware address, such as `02:00:00:00:00:01`. Needs the grant
    /// `"addresses"`.
    #[must_use]
    pub fn mac(mut self, address: impl Into<String>) -> Self {
        self.mac = Some(address.into());
        self
    }

    /// Adds a pair to `CNI_ARGS`, in place of one with the same key. Needs the grant
    /// `{"args": [KEY]}`.
    #[must_use]
    pub fn arg(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.args.push((key.into(), value.into()));
        self
    }

    /// Adds the members of a JSON object to `runtimeConfig`. Each must be a capability
    /// that a plugin of the network declares. Needs the grant `{"capabilities": […]}`.
    #[must_use]
    pub fn runtime_config(mut self, object: impl Into<String>) -> Self {
        self.runtime_config = Some(object.into());
        self
    }

    /// Changes the configuration of the network's first plugin, the one that
    /// makes the interface, by a JSON merge patch (RFC 7396). Its member `args` is for every
    /// plugin. Needs the grant `{"patch": […]}` with every path that it touches.
    #[must_use]
    pub fn patch(mut self, merge_patch: impl Into<String>) -> Self {
        self.patch = Some(merge_patch.into());
        self
    }

    /// Sets the pod's default routes through these gateways, at most one per
    /// address family. The other attachments lose theirs of the same family. With an empty
    /// list this attachment keeps the routes that its plugins set, and the others lose
    /// theirs, except those that say the same. Needs the grant `"default-route"`.
    #[must_use]
    pub fn default_route_via(mut self, gateways: Vec<String>) -> Self {
        self.default_route = DefaultRoute::Via(gateways);
        self
    }

    /// Takes this attachment's default routes away. Needs the grant `"default-route"`.
    #[must_use]
    pub fn no_default_route(mut self) -> Self {
        self.default_route = DefaultRoute::Never;
        self
    }
}

impl Merged {
    /// A merged result, which is JSON text of CNI 1.1.0, without annotations.
    pub fn new(result: impl Into<String>) -> Self {
        Self { result: result.into(), annotations: Vec::new() }
    }

    /// Publishes one more annotation on the pod. Needs the grant `{"annotations": […]}`,
    /// unless it is one that [`merge::standard`](crate::merge::standard) gives, as it gives it.
    #[must_use]
    pub fn annotation(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.annotations.push((key.into(), value.into()));
        self
    }
}

impl Outcome {
    /// The outcome of the network `network` on `interface`, to test a merge with.
    /// `result` is JSON text of CNI 1.1.0.
    pub fn new(interface: impl Into<String>, network: impl Into<String>, result: impl Into<String>) -> Self {
        Self { interface: interface.into(), network: network.into(), result: result.into() }
    }
}

/// ```
/// use genie_selector::Refusal;
///
/// let refusal = Refusal::invalid("settings.networks", "calcio", "no such network");
/// assert!(matches!(refusal, Refusal::Invalid(mistake) if mistake.value == "calcio"));
/// ```
impl Refusal {
    /// Something that somebody wrote is wrong: `key` says where it stands, `value` is the
    /// part that is wrong, and `message` says what would be right.
    ///
    /// The key tells who has to correct it. `settings`, a part of them
    /// (`settings.networks`) and `default_plugin` are the operator's. Every other key, an
    /// annotation's or a label's, is the pod owner's.
    pub fn invalid(key: impl Into<String>, value: impl Into<String>, message: impl Into<String>) -> Self {
        Self::Invalid(Mistake { key: key.into(), value: value.into(), message: message.into() })
    }

    /// Policy keeps the network from this pod. The message says who may not have what,
    /// and why.
    pub fn denied(message: impl Into<String>) -> Self {
        Self::Denied(message.into())
    }

    /// The decision cannot be made now. The runtime tries again later.
    pub fn unavailable(message: impl Into<String>) -> Self {
        Self::Unavailable(message.into())
    }

    /// The selector itself is at fault.
    pub fn internal(message: impl Into<String>) -> Self {
        Self::Internal(message.into())
    }
}

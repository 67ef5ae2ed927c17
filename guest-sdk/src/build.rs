//! Answers, written in few words.

use crate::{About, Attachment, DefaultRoute, DefinitionName, Mistake, Plan, Refusal, Source, Verdict};

impl About {
    /// A description without settings. `version` is usually
    /// `env!("CARGO_PKG_VERSION")`.
    pub fn new(name: &str, version: &str, summary: &str) -> Self {
        Self {
            name: name.to_owned(),
            version: version.to_owned(),
            summary: summary.to_owned(),
            settings_schema: String::new(),
        }
    }

    /// Adds the JSON schema of the settings, at most 64 KiB of it. It refers to its own
    /// parts only (`#/$defs/NAME`), and none of them back to itself. No configuration with
    /// settings that do not fit it is put in force.
    #[must_use]
    pub fn with_settings(mut self, schema: &str) -> Self {
        schema.clone_into(&mut self.settings_schema);
        self
    }
}

impl Plan {
    /// A plan: `attachments` in the order in which they are attached, and why
    /// these, in one sentence. The host refuses a plan without attachments.
    pub fn new(reason: impl Into<String>, attachments: Vec<Attachment>) -> Self {
        Self { attachments, reason: reason.into() }
    }
}

impl From<Plan> for Verdict {
    fn from(plan: Plan) -> Self {
        Self::Plan(plan)
    }
}

impl Attachment {
    /// To a network of the request: by its `file`, which is unique, or by its
    /// `name`, which means the first of that name.
    pub fn installed(file_or_name: impl Into<String>) -> Self {
        Self::to(Source::Installed(file_or_name.into()))
    }

    /// To a `NetworkAttachmentDefinition` of the cluster.
    pub fn definition(namespace: impl Into<String>, name: impl Into<String>) -> Self {
        Self::to(Source::Definition(DefinitionName { namespace: namespace.into(), name: name.into() }))
    }

    /// By a CNI configuration, or configuration list, as JSON text.
    pub fn inline(configuration: impl Into<String>) -> Self {
        Self::to(Source::Inline(configuration.into()))
    }

    /// On the next free interface, with nothing asked for.
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

    /// On the interface of this name, 1 to 15 bytes. Without it the first
    /// attachment gets the runtime's own interface, every further one the lowest
    /// free `ethN`.
    #[must_use]
    pub fn on(mut self, interface: impl Into<String>) -> Self {
        self.interface = Some(interface.into());
        self
    }

    /// Asks for one more address, with or without prefix length.
    #[must_use]
    pub fn ip(mut self, address: impl Into<String>) -> Self {
        self.ips.push(address.into());
        self
    }

    /// Asks for a hardware address, as `02:00:00:00:00:01`.
    #[must_use]
    pub fn mac(mut self, address: impl Into<String>) -> Self {
        self.mac = Some(address.into());
        self
    }

    /// Adds a pair to `CNI_ARGS`, in place of one with the same key.
    #[must_use]
    pub fn arg(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.args.push((key.into(), value.into()));
        self
    }

    /// Members to add to `runtimeConfig`: a JSON object. Each must be a
    /// capability that a plugin of the network declares.
    #[must_use]
    pub fn runtime_config(mut self, object: impl Into<String>) -> Self {
        self.runtime_config = Some(object.into());
        self
    }

    /// Changes the configuration of the network's first plugin, the one that
    /// makes the interface, by a JSON merge patch (RFC 7396).
    #[must_use]
    pub fn patch(mut self, merge_patch: impl Into<String>) -> Self {
        self.patch = Some(merge_patch.into());
        self
    }

    /// Sets the pod's default routes through these gateways, at most one per
    /// address family; the other attachments lose theirs of the same family. An empty
    /// list: it keeps what its plugins set, and those that do not say so lose theirs.
    #[must_use]
    pub fn default_route_via(mut self, gateways: Vec<String>) -> Self {
        self.default_route = DefaultRoute::Via(gateways);
        self
    }

    /// Takes this attachment's default routes away.
    #[must_use]
    pub fn no_default_route(mut self) -> Self {
        self.default_route = DefaultRoute::Never;
        self
    }
}

impl Refusal {
    /// What somebody wrote is wrong: in `key` the part `value`, and `message` says what
    /// would be right.
    ///
    /// The key tells who has to correct it: `settings`, a part of them
    /// (`settings.networks`) and `default_plugin` are the operator's, everything else, an
    /// annotation or a label, is the pod owner's.
    pub fn invalid(key: impl Into<String>, value: impl Into<String>, message: impl Into<String>) -> Self {
        Self::Invalid(Mistake { key: key.into(), value: value.into(), message: message.into() })
    }

    /// Policy: not for this pod. Says who may not have what, and why.
    pub fn denied(message: impl Into<String>) -> Self {
        Self::Denied(message.into())
    }

    /// Not now: the runtime tries again later.
    pub fn unavailable(message: impl Into<String>) -> Self {
        Self::Unavailable(message.into())
    }

    /// The selector's own fault.
    pub fn internal(message: impl Into<String>) -> Self {
        Self::Internal(message.into())
    }
}

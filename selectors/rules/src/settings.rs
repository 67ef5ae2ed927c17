//! The settings: `{"rules": [{"when": {…}, "networks": "calico"}]}`. docs/rules.md describes them.
//!
//! Most rules are not for this pod. So a rule is first read as far as that takes: its keys, and the
//! names of pods, namespaces and nodes that it is for. The rest stays text until it is needed. A
//! mistake there is found by the schema when the settings are put in force, or else by the first pod
//! that needs it.

use genie_selector::Request;
use genie_selector::serde::Deserialize;
use genie_selector::serde::de::MapAccess;

use crate::glob::MatchesOneOf;
use crate::place::{Members, Object};
use crate::text::Text;
use crate::unread::Unread;

/// One rule.
pub struct Rule<'a> {
    /// The name for messages.
    pub name: Option<Text<'a>>,
    /// All of this has to hold.
    pub when: When<'a>,
    /// What happens then. One that has been read has it.
    pub action: Option<Action<'a>>,
    actions: usize,
}

/// What a rule does.
pub enum Action<'a> {
    /// The pod gets these networks, a [`plugin_list::Written`](genie_selector::plugin_list::Written).
    Networks(Unread<'a>),
    /// The pod gets these networks beside those that are decided.
    Add(Unread<'a>),
    /// The pod gets the networks that a text names, whose key is an [`Origin`].
    NetworksFrom(Unread<'a>),
    /// The pod is refused, with this sentence.
    Deny(Unread<'a>),
    /// The next selector decides, or what is decided stands.
    Pass(Unread<'a>),
}

/// The key of a text that names networks.
#[derive(Deserialize)]
#[serde(crate = "genie_selector::serde", rename_all = "camelCase")]
pub enum Origin<'a> {
    /// An annotation of the pod.
    Annotation(#[serde(borrow)] Text<'a>),
    /// A label of the pod.
    Label(#[serde(borrow)] Text<'a>),
    /// A label of the pod's namespace.
    NamespaceLabel(#[serde(borrow)] Text<'a>),
}

impl<'a> Rule<'a> {
    /// Nothing of it is read yet.
    pub fn of(request: &'a Request) -> Self {
        Self { name: None, when: When::of(request), action: None, actions: 0 }
    }

    fn act(&mut self, action: Action<'a>) {
        self.action = Some(action);
        self.actions += 1;
    }
}

impl<'de> Object<'de> for Rule<'de> {
    const KEYS: &'static [&'static str] = &["name", "when", "networks", "add", "networksFrom", "deny", "pass"];

    fn take<A: MapAccess<'de>>(&mut self, key: &str, value: &mut A) -> Result<bool, A::Error> {
        match key {
            "name" => self.name = Some(value.next_value()?),
            "when" => value.next_value_seed(Members(self.when.anew()))?,
            "networks" => self.act(Action::Networks(value.next_value()?)),
            "add" => self.act(Action::Add(value.next_value()?)),
            "networksFrom" => self.act(Action::NetworksFrom(value.next_value()?)),
            "deny" => self.act(Action::Deny(value.next_value()?)),
            "pass" => self.act(Action::Pass(value.next_value()?)),
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn check(&self) -> Result<(), &'static str> {
        match self.actions {
            1 => Ok(()),
            _ => Err("has to say exactly one of networks, add, networksFrom, deny, pass"),
        }
    }
}

/// The conditions of a rule. What is left out always holds.
pub struct When<'a> {
    /// The pod's namespace.
    pub namespace: Selected<'a>,
    /// The pod.
    pub pod: Selected<'a>,
    /// The pod's node.
    pub node: Selected<'a>,
    /// The name of the pod's service account.
    pub service_account: Option<Unread<'a>>,
    /// The kind of the pod's controlling owner.
    pub owner: Option<Unread<'a>>,
    /// The pod's annotations.
    pub annotations: Option<Unread<'a>>,
    /// What an earlier selector decided.
    pub decided: Option<Unread<'a>>,
    request: &'a Request,
}

impl<'a> When<'a> {
    fn of(request: &'a Request) -> Self {
        Self {
            namespace: Selected::of(&request.pod.namespace),
            pod: Selected::of(&request.pod.name),
            node: Selected::of(&request.node),
            service_account: None,
            owner: None,
            annotations: None,
            decided: None,
            request,
        }
    }

    /// Forgets what was read: of a repeated key the last value counts.
    fn anew(&mut self) -> &mut Self {
        *self = Self::of(self.request);
        self
    }
}

impl<'de> Object<'de> for When<'de> {
    const KEYS: &'static [&'static str] =
        &["namespace", "pod", "node", "serviceAccount", "owner", "annotations", "decided"];

    fn take<A: MapAccess<'de>>(&mut self, key: &str, value: &mut A) -> Result<bool, A::Error> {
        match key {
            "namespace" => value.next_value_seed(Members(self.namespace.anew()))?,
            "pod" => value.next_value_seed(Members(self.pod.anew()))?,
            "node" => value.next_value_seed(Members(self.node.anew()))?,
            "serviceAccount" => self.service_account = Some(value.next_value()?),
            "owner" => self.owner = Some(value.next_value()?),
            "annotations" => self.annotations = Some(value.next_value()?),
            "decided" => self.decided = Some(value.next_value()?),
            _ => return Ok(false),
        }
        Ok(true)
    }
}

/// The conditions of something with a name and labels.
pub struct Selected<'a> {
    name: &'a str,
    /// Whether its name is one of those that it may have.
    pub is_named: bool,
    /// The labels that it has to have, with their values.
    pub match_labels: Option<Unread<'a>>,
    /// What its labels have to meet.
    pub match_expressions: Option<Unread<'a>>,
}

impl<'a> Selected<'a> {
    fn of(name: &'a str) -> Self {
        Self { name, is_named: true, match_labels: None, match_expressions: None }
    }

    fn anew(&mut self) -> &mut Self {
        *self = Self::of(self.name);
        self
    }
}

impl<'de> Object<'de> for Selected<'de> {
    const KEYS: &'static [&'static str] = &["names", "matchLabels", "matchExpressions"];

    fn take<A: MapAccess<'de>>(&mut self, key: &str, value: &mut A) -> Result<bool, A::Error> {
        match key {
            "names" => self.is_named = value.next_value_seed(MatchesOneOf(Some(self.name)))?,
            "matchLabels" => self.match_labels = Some(value.next_value()?),
            "matchExpressions" => self.match_expressions = Some(value.next_value()?),
            _ => return Ok(false),
        }
        Ok(true)
    }
}

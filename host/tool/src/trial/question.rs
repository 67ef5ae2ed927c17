//! The questions of selectors in the form in which people and machines read and write them:
//! `{"fact": "object", "apiVersion": "v1", "kind": "Namespace", "name": "shop"}`.

use serde_json::{Map, Value, json};

use genie_core::selector::sandbox::facts::Question;

/// The names of members that differ from those of records and pipes.
const RENAMED: [(&str, &str); 1] = [("api_version", "apiVersion")];

/// The question as an object: `fact`, which is what is asked for, and its parameters.
pub fn to_json(question: &Question) -> Value {
    let (fact, parameters) = match json!(question) {
        Value::Object(mut members) => {
            let fact = members.keys().next().cloned().unwrap_or_default();
            (fact.clone(), members.remove(&fact).unwrap_or_default())
        }
        other => (other.as_str().unwrap_or_default().to_owned(), Value::Null),
    };
    let mut written = Map::new();
    written.insert("fact".into(), fact.into());
    for (key, value) in parameters.as_object().into_iter().flatten().filter(|(_, value)| !value.is_null()) {
        let renamed = RENAMED.iter().find(|(inside, _)| inside == key);
        written.insert(renamed.map_or(key.as_str(), |(_, outside)| outside).into(), value.clone());
    }
    Value::Object(written)
}

/// Reads what [`to_json`] writes. A fact without parameters may be its name alone.
///
/// # Errors
/// The text says what is wrong.
pub fn from_json(written: &Value) -> Result<Question, String> {
    let wrong = || format!("{written} is no question, such as {{\"fact\": \"labels\"}}");
    let mut parameters = Map::new();
    let fact = match written {
        Value::String(fact) => fact,
        Value::Object(members) => {
            for (key, value) in members.iter().filter(|(key, _)| *key != "fact") {
                let renamed = RENAMED.iter().find(|(_, outside)| outside == key);
                parameters.insert(renamed.map_or(key.as_str(), |(inside, _)| inside).into(), value.clone());
            }
            members.get("fact").and_then(Value::as_str).ok_or_else(wrong)?
        }
        _ => return Err(wrong()),
    };
    let question = if parameters.is_empty() { json!(fact) } else { json!({fact: parameters}) };
    serde_json::from_value(question).map_err(|error| format!("{}: {error}", wrong()))
}

/// The question in words, for a line.
pub fn in_words(question: &Question) -> String {
    let written = to_json(question);
    let parameters = written.as_object().into_iter().flatten().filter(|(key, _)| *key != "fact");
    let texts = parameters.map(|(_, value)| value.as_str().filter(|text| !text.is_empty()).unwrap_or("\"\""));
    [written["fact"].as_str().unwrap_or_default()].into_iter().chain(texts).collect::<Vec<_>>().join(" ")
}

/// What has to be written for this fact to be given.
pub fn how_to_give(question: &Question) -> String {
    match question {
        Question::Labels => "facts.pod.labels: {KEY: VALUE}".into(),
        Question::ServiceAccount => "facts.pod.serviceAccount: NAME".into(),
        Question::Owner => "facts.pod.owner: {kind: KIND, name: NAME}, or null".into(),
        Question::Object(object) => {
            let (api_version, kind, name) = (object.api_version(), object.kind(), object.name());
            let namespace = object.namespace().map(|namespace| format!("namespace: {namespace}, ")).unwrap_or_default();
            format!(
                "facts.objects: [{{apiVersion: {api_version}, kind: {kind}, metadata: {{{namespace}name: {name}}}}}], \
                 or, if there is no such object, \
                 facts.absent: [{{apiVersion: {api_version}, kind: {kind}, {namespace}name: {name}}}]"
            )
        }
        Question::Traffic { prefix } => format!("facts.traffic: {{{prefix:?}: {{rxBytes: N, txBytes: N}}}}"),
        Question::TrafficRate { prefix } => format!("facts.trafficRate: {{{prefix:?}: {{rxBytes: N, txBytes: N}}}}"),
        Question::NamespaceLabels => "facts.namespaceLabels: {KEY: VALUE}".into(),
        Question::NodeLabel { key } => format!("facts.nodeLabels: {{{key:?}: VALUE}}, null if the node has none"),
        Question::FreeAddresses { network } => {
            format!("facts.freeAddresses: {{{network:?}: N}}, null where its address management does not tell")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use genie_core::object::ObjectName;

    #[test]
    fn every_question_is_written_and_read_again() {
        let object = ObjectName::new("v1", "ConfigMap", Some("shop"), "networks").unwrap();
        let all = [
            Question::Labels,
            Question::Owner,
            Question::NamespaceLabels,
            Question::Object(object),
            Question::Traffic { prefix: String::new() },
            Question::TrafficRate { prefix: "cali".into() },
            Question::NodeLabel { key: "zone".into() },
            Question::FreeAddresses { network: "10-calico.conflist".into() },
        ];
        for question in all {
            assert_eq!(from_json(&to_json(&question)), Ok(question));
        }
        assert_eq!(from_json(&json!("service-account")), Ok(Question::ServiceAccount));
    }

    #[test]
    fn an_object_is_named_in_one_object() {
        let question = Question::Object(ObjectName::new("v1", "Namespace", None, "shop").unwrap());
        let written = json!({"fact": "object", "apiVersion": "v1", "kind": "Namespace", "name": "shop"});
        assert_eq!(to_json(&question), written);
        assert_eq!(in_words(&question), "object v1 Namespace shop");
        assert_eq!(in_words(&Question::Traffic { prefix: String::new() }), "traffic \"\"");
    }

    #[test]
    fn what_is_no_question_is_quoted() {
        for wrong in [json!("labelz"), json!({"kind": "Namespace"}), json!(1), json!({"fact": "traffic"})] {
            assert!(from_json(&wrong).unwrap_err().contains(&wrong.to_string()), "{wrong}");
        }
    }
}

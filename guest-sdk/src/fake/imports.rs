//! The component's imports, answered by the running [`Host`].

use std::rc::Rc;

use super::facts::Facts;
use super::host::{Host, object_key, running};

/// The running host, unless it cannot tell these facts. It notes the question.
fn asked(facts: Facts, question: impl Into<String>) -> Result<Rc<Host>, String> {
    let host = running().ok_or("no host: call it inside of testing::Host::run")?;
    host.hold_import(facts);
    host.asked.borrow_mut().push(question.into());
    match host.unavailable.get(&facts) {
        Some(why) => Err(why.clone()),
        None => Ok(host),
    }
}

pub(crate) mod log {
    use super::running;
    use crate::types::Level;

    pub(crate) fn enabled(level: Level) -> bool {
        running().is_some_and(|host| host.level.is_none_or(|least| level >= least))
    }

    pub(crate) fn write(level: Level, message: &str) {
        if let Some(host) = running() {
            host.log.borrow_mut().push((level, message.to_owned()));
        }
    }
}

pub(crate) mod pod {
    use super::{Facts, asked};

    pub(crate) fn labels() -> Result<Vec<(String, String)>, String> {
        Ok(asked(Facts::Pod, "pod::labels")?.labels.clone().into_iter().collect())
    }

    pub(crate) fn service_account() -> Result<String, String> {
        let told = asked(Facts::Pod, "pod::service_account")?.service_account.clone();
        told.ok_or_else(|| "not told: use testing::Host::service_account".to_owned())
    }

    pub(crate) fn owner() -> Result<Option<(String, String)>, String> {
        Ok(asked(Facts::Pod, "pod::owner")?.owner.clone())
    }
}

pub(crate) mod cluster {
    use super::{Facts, asked, object_key};

    pub(crate) fn namespace_labels() -> Result<Vec<(String, String)>, String> {
        let host = asked(Facts::Cluster, "namespace::labels")?;
        host.hold_object("v1", "Namespace", None);
        Ok(host.namespace_labels.clone().into_iter().collect())
    }

    pub(crate) fn get(
        api_version: &str,
        kind: &str,
        namespace: Option<&str>,
        name: &str,
    ) -> Result<Option<String>, String> {
        let host = asked(Facts::Cluster, format!("cluster::get {kind} {name}"))?;
        host.hold_object(api_version, kind, namespace);
        Ok(host.objects.get(&object_key(api_version, kind, namespace, name)).cloned())
    }
}

pub(crate) mod node {
    use super::{Facts, asked};
    use crate::types::{Counters, Rates};

    pub(crate) fn traffic(prefix: &str) -> Result<Counters, String> {
        let host = asked(Facts::Node, format!("node::traffic {prefix}"))?;
        let mut sum = Counters { rx_bytes: 0, tx_bytes: 0 };
        for (_, counters) in host.traffic.iter().filter(|(name, _)| name.starts_with(prefix)) {
            sum.rx_bytes = sum.rx_bytes.saturating_add(counters.rx_bytes);
            sum.tx_bytes = sum.tx_bytes.saturating_add(counters.tx_bytes);
        }
        Ok(sum)
    }

    pub(crate) fn traffic_rate(prefix: &str) -> Result<Rates, String> {
        let host = asked(Facts::Node, format!("node::traffic_rate {prefix}"))?;
        if host.traffic_rates.is_empty() {
            return Err("not told: use testing::Host::traffic_rate".to_owned());
        }
        let mut sum = Rates { rx_bytes: 0, tx_bytes: 0 };
        for (_, rates) in host.traffic_rates.iter().filter(|(name, _)| name.starts_with(prefix)) {
            sum.rx_bytes = sum.rx_bytes.saturating_add(rates.rx_bytes);
            sum.tx_bytes = sum.tx_bytes.saturating_add(rates.tx_bytes);
        }
        Ok(sum)
    }

    pub(crate) fn label(key: &str) -> Result<Option<String>, String> {
        Ok(asked(Facts::Node, format!("node::label {key}"))?.node_labels.get(key).cloned())
    }

    pub(crate) fn free_addresses(network: &str) -> Result<Option<u64>, String> {
        Ok(asked(Facts::Node, format!("node::free_addresses {network}"))?.free_addresses.get(network).copied())
    }
}

//! `genie-host agent`: the node's daemon.

use std::net::{Ipv6Addr, SocketAddr};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Result;
use clap::{Args, ValueEnum};
use tracing::level_filters::LevelFilter;

use super::install::Place;
use crate::agent;
use crate::agent::Options;
use crate::agent::pull::Settings;
use crate::agent::traffic::EVERY;
use crate::install::Origin;
use crate::install::stop::DaemonSetName;
use crate::registry;
use crate::registry::access::Mirror;
use genie_core::agent_api::SOCKET;
use genie_core::record::Pod;

#[derive(Args)]
pub struct Arguments {
    #[command(flatten)]
    place: Place,
    /// The directory of the mounted ConfigMap, which the node is kept in line with; without it
    /// nothing is installed
    #[arg(long, value_name = "DIR")]
    config: Option<PathBuf>,
    /// This node's name
    #[arg(long, value_name = "NAME", env = "NODE_NAME")]
    node: String,
    /// The socket where the plugin finds the agent
    #[arg(long, value_name = "PATH", default_value = SOCKET)]
    socket: PathBuf,
    /// The address that serves metrics and health; `none` for no address
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:9611", value_parser = address)]
    listen: Listen,
    /// The kubeconfig for the API server; by default the credentials of the agent's own pod
    #[arg(long, value_name = "FILE")]
    kubeconfig: Option<PathBuf>,
    /// The `DaemonSet` that the agent belongs to: when it is removed, the installation is removed,
    /// too
    #[arg(long, value_name = "NAME", env = "DAEMONSET", requires = "config")]
    daemon_set: Option<String>,
    /// The namespace of that `DaemonSet`, and of the agent's own pod
    #[arg(long, value_name = "NAME", env = "POD_NAMESPACE", default_value = "kube-system")]
    namespace: String,
    /// The agent's own pod, on which events tell of a problem of the installation
    #[arg(long, value_name = "NAME", env = "POD_NAME")]
    pod: Option<String>,
    /// The uid of that pod
    #[arg(long, value_name = "UID", env = "POD_UID", default_value = "")]
    pod_uid: String,
    /// Credentials for registries, in the format of docker's config.json
    #[arg(long, value_name = "FILE")]
    registry_auth_file: Option<PathBuf>,
    /// A registry that is asked in place of another, with a prefix for its repositories or without
    #[arg(long = "registry-mirror", value_name = "REGISTRY=HOST[/PREFIX]")]
    registry_mirrors: Vec<Mirror>,
    /// How long a pull may take, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = registry::TIME.as_secs())]
    registry_timeout: u64,
    /// How often the counters of the node's interfaces are read, in milliseconds
    #[arg(long, value_name = "MILLISECONDS", hide = true, value_parser = clap::value_parser!(u64).range(1..))]
    traffic_period: Option<u64>,
    /// The messages to log: none, error, warn, info, debug or trace
    #[arg(long, value_name = "LEVEL", default_value = "info", value_parser = level)]
    log_level: LevelFilter,
    /// The format of the log
    #[arg(long, value_enum, default_value_t)]
    log_format: LogFormat,
}

#[derive(Clone, Copy, Debug, Default, ValueEnum)]
enum LogFormat {
    /// A JSON object per line
    #[default]
    Json,
    /// Text for people
    Text,
}

type Listen = Option<SocketAddr>;

fn address(written: &str) -> Result<Listen, String> {
    if written == "none" {
        return Ok(None);
    }
    let parsed = written.parse().or_else(|error| without_brackets(written).ok_or(error));
    parsed.map(Some).map_err(|error| format!("{error}; write an address with its port, or none"))
}

/// Parses an address without brackets: the DaemonSet writes a port behind its node's address, even
/// when that is an IPv6 address.
fn without_brackets(written: &str) -> Option<SocketAddr> {
    let (address, port) = written.rsplit_once(':')?;
    Some(SocketAddr::new(address.parse::<Ipv6Addr>().ok()?.into(), port.parse().ok()?))
}

/// The levels of the configuration's `log_level`, with `none`.
fn level(written: &str) -> Result<LevelFilter, String> {
    if written == "none" {
        return Ok(LevelFilter::OFF);
    }
    written.parse().map_err(|_| "there are none, error, warn, info, debug and trace".into())
}

pub fn run(arguments: Arguments) -> Result<ExitCode> {
    crate::log::start_daemon(arguments.log_level, matches!(arguments.log_format, LogFormat::Json));
    let trust_dirs = arguments.place.trust_dirs;
    let of_process = |config: PathBuf| Origin::of_process(&config, Some(arguments.node.clone()), trust_dirs);
    let source = arguments.config.map(of_process).transpose()?;
    let options = Options {
        layout: arguments.place.layout(),
        source,
        daemon_set: arguments.daemon_set.map(|name| DaemonSetName { namespace: arguments.namespace.clone(), name }),
        pod: arguments.pod.map(|name| Pod { namespace: arguments.namespace, name, uid: arguments.pod_uid }),
        registry: Settings {
            auth_file: arguments.registry_auth_file,
            mirrors: arguments.registry_mirrors,
            time: Duration::from_secs(arguments.registry_timeout),
        },
        node: arguments.node,
        socket: arguments.socket,
        listen: arguments.listen,
        kubeconfig: arguments.kubeconfig,
        traffic_every: arguments.traffic_period.map_or(EVERY, Duration::from_millis),
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(agent::run(options))?;
    Ok(ExitCode::SUCCESS)
}

#[cfg(test)]
mod tests {
    use super::address;
    use super::level;

    #[test]
    fn a_nodes_address_of_either_family_takes_a_port() {
        for (written, means) in
            [("10.0.0.7:1", "10.0.0.7:1"), ("[fd00::7]:1", "[fd00::7]:1"), ("fd00::7:1", "[fd00::7]:1")]
        {
            assert_eq!(address(written).unwrap().map(|address| address.to_string()).as_deref(), Some(means));
        }
        assert_eq!(address("none"), Ok(None));
        for wrong in ["10.0.0.7", "fd00::7", "localhost:9611", ":9611"] {
            assert!(address(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn no_message_is_a_level_under_either_name() {
        assert_eq!(level("none"), level("off"));
        assert!(level("loud").is_err());
    }
}

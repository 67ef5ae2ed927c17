//! `genie-host import`: makes our configuration of that of another meta plugin.

use std::fs::{self, OpenOptions};
use std::io::{self, ErrorKind, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, Result, bail};
use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::{Output, exit};
use crate::adopt::multus::{self, File, Import, Line, Manifest, Multus, NetworkFile, Node, TYPES};
use crate::install::BIN_DIR;
use crate::show::{Document, table};
use genie_core::cni::without_secrets;
use genie_core::config::OWN_TYPE;
use genie_core::network::Catalogue;
use genie_core::plain;

#[derive(Args)]
pub struct Arguments {
    #[command(subcommand)]
    of: Of,
}

#[derive(Subcommand)]
enum Of {
    /// Make our configuration of Multus', and say what becomes of each of its keys
    Multus(OfMultus),
}

#[derive(Args)]
#[command(
    after_help = "On a node:\n  genie-host import multus /etc/cni/net.d/00-multus.conf --networks /etc/cni/net.d\n\n\
    With what the cluster says of Multus:\n  \
    kubectl -n kube-system get daemonset,configmap,network-attachment-definitions -o yaml > multus.yaml\n  \
    genie-host import multus 00-multus.conf --manifest multus.yaml\n\n\
    The configuration is printed on standard output, and what became of each key on standard error.\n\
    Exit status: 0 all of it is carried over, 1 something is not (cannot, unknown), 2 wrong usage or input."
)]
struct OfMultus {
    /// Multus' file in a node's conf dir, 00-multus.conf or 00-multus.conflist; `-` for standard input
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// What `kubectl get -o yaml` says of Multus, or the file that it was installed by: its DaemonSet, its
    /// ConfigMap, NetworkAttachmentDefinitions. May be given several times
    #[arg(long, value_name = "FILE")]
    manifest: Vec<PathBuf>,
    /// The configuration of Multus' daemon, daemon-config.json, if no manifest has it
    #[arg(long, value_name = "FILE")]
    daemon_config: Option<PathBuf>,
    /// The flags of `thin_entrypoint`, if no manifest has them
    #[arg(long, value_name = "FLAGS", allow_hyphen_values = true)]
    flags: Option<String>,
    /// A node's network configurations, or a copy of them: the networks that Multus' configuration names are
    /// looked for there
    #[arg(long, value_name = "DIR")]
    networks: Option<PathBuf>,
    /// The directory where the runtime reads network configurations. Without it: what Multus' configuration
    /// says, else /etc/cni/net.d
    #[arg(long, value_name = "DIR")]
    conf_dir: Option<PathBuf>,
    /// The directory where the runtime finds plugins. Without it: what Multus' flags say, else /opt/cni/bin
    #[arg(long, value_name = "DIR")]
    bin_dir: Option<PathBuf>,
    /// Write networks that stand inside of Multus' configuration as files into this directory, from where they
    /// have to come into the conf dir of each node
    #[arg(long, value_name = "DIR")]
    write: Option<PathBuf>,
    /// The format of the output. `json`: one document, with the configuration in it
    #[arg(short, long, value_enum, default_value_t)]
    output: Output,
}

pub fn run(arguments: &Arguments) -> Result<ExitCode> {
    let Of::Multus(arguments) = &arguments.of;
    let multus = arguments.multus()?;
    let networks = arguments.networks.as_deref().map(catalogue).transpose()?;
    let node = Node {
        conf_dir: arguments.conf_dir.clone(),
        bin_dir: arguments.bin_dir.clone(),
        usual_bin_dir: BIN_DIR.into(),
        networks,
        takes_files: arguments.write.is_some(),
    };
    let import = multus::import(&multus, &node);
    if let Some(dir) = &arguments.write {
        write(dir, &import.files)?;
    }
    match arguments.output {
        Output::Json => super::print_json(&Document::Import.with(document(&import))),
        Output::Table => {
            super::print_json(&Value::Object(import.configuration.clone()));
            for line in rows(&import.lines) {
                super::output::tell(&plain::line(&line));
            }
        }
    }
    Ok(if import.is_partial() { ExitCode::from(exit::FAILED) } else { ExitCode::SUCCESS })
}

impl OfMultus {
    fn multus(&self) -> Result<Multus> {
        let (name, text) = if self.file == Path::new("-") {
            ("standard input".to_owned(), io::read_to_string(io::stdin()).context("standard input")?)
        } else {
            (self.file.display().to_string(), read(&self.file)?)
        };
        let file = File::parse(&text).with_context(|| name)?;
        let mut manifest = Manifest::default();
        for path in &self.manifest {
            manifest.read(&path.display().to_string(), &read(path)?)?;
        }
        let daemon = match &self.daemon_config {
            Some(path) => multus::daemon(&read(path)?).with_context(|| path.display().to_string())?,
            None => manifest.daemon.take().unwrap_or_default(),
        };
        let flags = match &self.flags {
            Some(flags) => flags.split_whitespace().map(ToOwned::to_owned).collect(),
            None => manifest.flags.clone(),
        };
        Ok(Multus { file, daemon, flags, manifest })
    }
}

fn read(path: &Path) -> Result<String> {
    fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))
}

/// The networks of a node, without Multus and without us.
fn catalogue(dir: &Path) -> Result<Catalogue> {
    if !dir.is_dir() {
        bail!("there is no directory {}", dir.display());
    }
    let [thin, thick] = TYPES;
    Ok(Catalogue::load(dir, &[OWN_TYPE, thin, thick])?)
}

/// Writes the files of networks. A file that is there already stays if it is the same.
fn write(dir: &Path, files: &[NetworkFile]) -> Result<()> {
    fs::create_dir_all(dir).with_context(|| format!("cannot make {}", dir.display()))?;
    for file in files {
        let path = dir.join(&file.file);
        let text = format!("{:#}\n", file.content);
        // A network's configuration may hold tokens.
        let opened = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path);
        let written = match opened {
            Ok(mut opened) => opened.write_all(text.as_bytes()),
            Err(error)
                if error.kind() == ErrorKind::AlreadyExists
                    && fs::read_to_string(&path).is_ok_and(|there| there == text) =>
            {
                Ok(())
            }
            Err(error) => Err(error),
        };
        written.with_context(|| format!("cannot write {}", path.display()))?;
    }
    Ok(())
}

fn rows(lines: &[Line]) -> Vec<String> {
    let heading = ["IN", "KEY", "BECOMES", "HOW"].map(str::to_owned).to_vec();
    let rows = lines.iter().map(|line| {
        vec![
            line.source.as_str().to_owned(),
            line.key.clone(),
            line.fate.becomes.as_str().to_owned(),
            line.fate.how.clone(),
        ]
    });
    table::table(&[heading].into_iter().chain(rows).collect::<Vec<_>>())
}

fn document(import: &Import) -> Value {
    let keys = import.lines.iter().map(|line| {
        json!({
            "in": line.source.as_str(), "key": line.key, "value": line.value,
            "becomes": line.fate.becomes.as_str(), "how": line.fate.how,
        })
    });
    let files = import
        .files
        .iter()
        .map(|file| json!({"file": file.file, "network": file.network, "content": without_secrets(&file.content)}));
    json!({
        "configuration": import.configuration, "keys": keys.collect::<Vec<_>>(), "files": files.collect::<Vec<_>>(),
        "complete": !import.is_partial(),
    })
}

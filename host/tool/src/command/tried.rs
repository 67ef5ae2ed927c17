//! What `test-selector` and `replay` try: one selector, or the whole chain of a configuration.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, Result, anyhow};
use clap::Args;
use serde_json::{Value, json};

use super::Mistakes;
use crate::approve;
use crate::script::{self, Engine};
use crate::selector::{self, PROGRAM};
use crate::trial::entry::Instead;
use crate::trial::{Trial, configuration, entry};
use genie_core::call::OwnTypes;
use genie_core::config::{CONF_DIR, OWN_TYPE};
use genie_core::network::Catalogue;
use genie_core::selector::grants::Grants;
use genie_core::selector::module::Loader;

/// What grants are, for the help of options.
pub const GRANT: &str = r#"A grant: its name (pod, cluster, addresses, …) or its JSON as in the configuration, such as {"cluster": {"kinds": ["v1/Namespace"], "namespaces": ["*"]}}"#;

/// The selectors that are asked, and the node whose networks they choose from.
#[derive(Args)]
pub struct Tried {
    /// A module's file, a script's file (NAME.js), or the name of a built-in selector
    #[arg(value_name = "MODULE|SCRIPT|NAME", required_unless_present = "chain", conflicts_with = "chain")]
    pub module: Option<String>,
    /// Ask the configuration's whole chain
    #[arg(long)]
    chain: bool,
    /// The directory of the node's network configurations
    #[arg(long, value_name = "DIR")]
    conf_dir: Option<PathBuf>,
    /// The file of the plugin's configuration; by default it is found in the conf dir
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// The plugin's name on the node
    #[arg(long = "type", value_name = "NAME", default_value = OWN_TYPE)]
    own_type: String,
    /// Settings for the selector, as JSON; by default those of its entry in the configuration
    #[arg(long, value_name = "JSON", conflicts_with = "chain")]
    settings: Option<String>,
    #[arg(long, value_name = "NAME|JSON", conflicts_with = "chain", help = format!("{GRANT}; by default those of its entry, else whatever it imports"))]
    grant: Vec<String>,
    /// Take a module as it is, even if the configuration approves another digest (while developing)
    #[arg(long)]
    any_digest: bool,
    /// The directory of the host's file system; all other files are the host's
    #[arg(long, value_name = "DIR", default_value = "/")]
    pub host_root: PathBuf,
}

/// Where a single module is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// Alone.
    Alone,
    /// In the configuration's chain, in place of its entry; alone if there is none.
    OfItsEntry,
}

impl Tried {
    /// Goes to the host's file system, and returns what is tried there when the runtime asks for
    /// `interface`, and doubts about it. A single module is asked as `place` says.
    ///
    /// # Errors
    /// The configuration, the conf dir or the module cannot be used.
    pub fn trial(&self, interface: &str, place: Place) -> Result<(Trial, Vec<String>)> {
        // Its path is of this root.
        let engine = Engine::of_process();
        super::enter(&self.host_root)?;
        let (mut map, mut notes) = match &self.config {
            Some(file) => configuration::of_file(file, &self.own_type)?,
            None => configuration::of_dir(self.conf_dir.as_deref(), &self.own_type)?,
        };
        let beside = self.config.as_deref().map(|file| file.parent().unwrap_or(Path::new("")));
        let beside = beside.or(self.conf_dir.as_deref()).unwrap_or(Path::new(CONF_DIR));
        let ready = || engine.as_ref().cloned().map_err(|error| anyhow!("{error:#}"));
        script::complete(&mut map, beside, ready, |engine| engine.path.clone())?;
        map.insert("type".into(), self.own_type.as_str().into());
        if let Some(conf_dir) = &self.conf_dir {
            map.insert("conf_dir".into(), conf_dir.display().to_string().into());
        }
        if self.any_digest {
            configuration::approve_modules(&mut map, beside)?;
        }
        let mut config =
            approve::read(&map).map_err(|errors| wrong(errors.iter().map(genie_core::cni::CniError::words)))?;
        config.loader = if self.host_root == Path::new("/") {
            selector::loader(&config.paths.cache_dir)
        } else {
            // This program has another path there, so it cannot start itself to compile.
            Loader::new(PROGRAM, &config.paths.cache_dir, None)
        };
        if let Some(written) = &self.module {
            let tried = entry::find(Path::new(""), written, &self.instead()?, &config.chain, engine, &mut notes)?;
            config.chain = match place {
                Place::Alone => tried.alone(),
                Place::OfItsEntry => tried.in_place(&config.chain, &mut notes),
            };
        } else if self.any_digest {
            entry::take_any(&mut config.chain, &mut notes);
        }
        let own = OwnTypes::of_config(&map);
        let catalogue = Arc::new(Catalogue::load(&config.paths.conf_dir, &own.as_refs())?);
        Ok((Trial { config, catalogue, map, interface: interface.into() }, notes))
    }

    /// What the command line says of a single module.
    fn instead(&self) -> Result<Instead> {
        let settings = self.settings.as_ref().map(|settings| approve::json::read(settings.as_bytes()));
        Ok(Instead {
            settings: settings.transpose().context("--settings cannot be read")?,
            grant: grants(&self.grant)?,
            any_digest: self.any_digest,
        })
    }
}

/// The error for a configuration that no node would put in force.
pub fn wrong(found: impl IntoIterator<Item = String>) -> anyhow::Error {
    Mistakes { what: "no node would put this configuration in force".into(), found: found.into_iter().collect() }.into()
}

/// The grants of a command line, as a list. The result is none when there are none.
///
/// # Errors
/// One is none.
pub fn grants(written: &[String]) -> Result<Option<Value>> {
    let grants = written.iter().map(|grant| approve::json::read(grant.as_bytes()).unwrap_or_else(|_| json!(grant)));
    let grants: Vec<Value> = grants.collect();
    let grants = Some(Value::from(grants)).filter(|_| !written.is_empty());
    if let Some(grants) = &grants {
        Grants::from_json(grants).map_err(|reason| anyhow!("--{reason}"))?;
    }
    Ok(grants)
}

//! The trials that cases need, each made once.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;

use anyhow::{Context as _, Result, anyhow, bail};
use serde_json::{Map, Value, json};

use super::case::Case;
use crate::approve;
use crate::script::{self, Engine};
use crate::selector::{self, named};
use crate::trial::entry::{self, Instead};
use crate::trial::{Trial, configuration};
use genie_core::call::OwnTypes;
use genie_core::cni::names::check_interface;
use genie_core::cni::{CniError, get};
use genie_core::config::{CACHE_DIR, OWN_TYPE};
use genie_core::network::Catalogue;
use genie_core::selector::module::Loader;

/// The interface that runtimes ask for.
const INTERFACE: &str = "eth0";

/// What a trial is made of, as text.
type Key = String;

/// Makes trials. Every module is compiled once, whatever the number of cases.
pub struct Trials {
    loader: Loader,
    any_digest: bool,
    made: BTreeMap<Key, Result<Rc<Trial>, String>>,
    /// The files of the modules and scripts that are asked.
    files: BTreeSet<PathBuf>,
}

impl Trials {
    /// With `any_digest`, modules are asked although a configuration approves another digest.
    pub fn new(any_digest: bool) -> Self {
        Self {
            loader: selector::loader(Path::new(CACHE_DIR)),
            any_digest,
            made: BTreeMap::new(),
            files: BTreeSet::new(),
        }
    }

    /// The trial of a case whose paths start in `dir`.
    ///
    /// # Errors
    /// No node would take the configuration, or a file cannot be read.
    pub fn of(&mut self, case: &Case, dir: &Path) -> Result<Rc<Trial>> {
        let parts = json!([
            dir,
            case.module,
            case.settings,
            case.grant,
            case.config,
            case.conf_dir,
            case.networks,
            case.interface
        ]);
        let key = parts.to_string();
        if let Some(made) = self.made.get(&key) {
            return made.clone().map_err(|error| anyhow!(error));
        }
        let made = self.make(case, dir).map(Rc::new).map_err(|error| format!("{error:#}"));
        self.made.insert(key, made.clone());
        made.map_err(|error| anyhow!(error))
    }

    /// Makes every trial anew from here on.
    pub fn forget(&mut self) {
        self.made.clear();
    }

    /// The files of the modules and scripts that were asked, or were to be.
    pub fn files(&self) -> Vec<PathBuf> {
        self.files.iter().cloned().collect()
    }

    fn make(&mut self, case: &Case, dir: &Path) -> Result<Trial> {
        let interface = case.interface.as_deref().unwrap_or(INTERFACE).to_owned();
        check_interface(&interface)?;
        let mut map = self.configuration_of(case, dir)?;
        map.insert("type".into(), OWN_TYPE.into());
        let of_all =
            |errors: Vec<String>| anyhow!("no node would put this configuration in force: {}", errors.join("; "));
        let words = |errors: Vec<CniError>| errors.iter().map(CniError::words).collect();
        let mut config = approve::read(&map).map_err(|errors| of_all(words(errors)))?;
        config.loader = self.loader.clone();
        let mut notes = Vec::new();
        if let Some(module) = &case.module {
            let instead = Instead { settings: case.settings.clone(), grant: case.grant.clone(), any_digest: true };
            self.note(dir, module);
            let tried = entry::find(dir, module, &instead, &config.chain, Engine::of_process(), &mut notes)?;
            config.chain = tried.alone();
        } else if case.settings.is_some() || case.grant.is_some() {
            bail!(
                "\"settings\" and \"grant\" are those of \"module\", and the case has none: write them in \"config\""
            );
        } else if self.any_digest {
            entry::take_any(&mut config.chain, &mut notes);
        }
        let own = OwnTypes::of_config(&map);
        let catalogue = match (&case.networks, &case.conf_dir) {
            (Some(_), Some(_)) => bail!("it has \"networks\" and \"confDir\", of which one can be"),
            (Some(networks), None) => {
                let files = networks.iter().map(|(file, content)| (file.clone(), content.to_string().into_bytes()));
                Catalogue::of_files(&files.collect(), &own.as_refs())
            }
            (None, Some(conf_dir)) => Catalogue::load(&existing(dir, conf_dir)?, &own.as_refs())?,
            (None, None) => bail!("the case has no networks: write \"confDir\" or \"networks\""),
        };
        let trial = Trial { config, catalogue: Arc::new(catalogue), map, interface };
        trial.approve().map_err(of_all)?;
        Ok(trial)
    }

    fn configuration_of(&mut self, case: &Case, dir: &Path) -> Result<Map<String, Value>> {
        let (mut map, dir) = match &case.config {
            Some(Value::String(file)) => {
                let file = dir.join(file);
                let (map, _) = configuration::of_file(&file, OWN_TYPE)?;
                (map, file.parent().unwrap_or(dir).to_owned())
            }
            Some(Value::Object(map)) => (map.clone(), dir.to_owned()),
            _ => match &case.conf_dir {
                // Only the whole chain needs a configuration.
                Some(conf_dir) => {
                    let conf_dir = existing(dir, conf_dir)?;
                    (configuration::of_dir(Some(&conf_dir), OWN_TYPE)?.0, conf_dir)
                }
                None => (Map::new(), dir.to_owned()),
            },
        };
        let entries = get(&map, "selectors").and_then(Value::as_array).into_iter().flatten();
        let modules = entries.filter_map(|entry| get(entry.as_object()?, "module")?.as_str());
        for module in modules {
            self.note(&dir, module);
        }
        script::complete(&mut map, &dir, Engine::of_process, |engine| engine.path.clone()).context("config")?;
        configuration::approve_modules(&mut map, &dir).context("config")?;
        Ok(map)
    }

    /// Notes the file of a module or script.
    fn note(&mut self, dir: &Path, module: &str) {
        if !named::is_built_in(module) {
            self.files.insert(dir.join(module));
        }
    }
}

fn existing(dir: &Path, conf_dir: &str) -> Result<PathBuf> {
    let path = dir.join(conf_dir);
    if !path.is_dir() {
        bail!("confDir: there is no directory {}", path.display());
    }
    Ok(path)
}

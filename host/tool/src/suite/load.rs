//! Finds the cases of files and directories.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

pub use super::document::PlacedCase;
use super::document::{cases, check_defaults, documents};
use genie_core::sources::is_manifest;

/// What all cases of a directory share.
const SHARED: [&str; 3] = ["suite.yaml", "suite.yml", "suite.json"];

/// A file of cases.
#[derive(Clone, Debug)]
pub struct CaseFile {
    /// The file.
    pub path: PathBuf,
    /// Its content.
    pub text: String,
    /// What its cases share with those of its directory.
    pub shared: Map<String, Value>,
    /// Its cases.
    pub cases: Vec<PlacedCase>,
}

impl CaseFile {
    /// The directory in which the cases' paths start.
    pub fn dir(&self) -> &Path {
        parent(&self.path)
    }
}

/// The cases of these files, and of all files of these directories. A directory is no suite of the
/// directories in it.
///
/// # Errors
/// All that is wrong: a path without a case, a file that is no case, an unknown key.
pub fn load(paths: &[PathBuf]) -> Result<Vec<CaseFile>, Vec<String>> {
    let mut found = Vec::new();
    let mut wrong = Vec::new();
    for path in paths {
        let files = match files(path) {
            Ok(files) if files.is_empty() => {
                wrong.push(format!("{} holds no case: cases are its files *.yaml, *.yml and *.json", path.display()));
                continue;
            }
            Ok(files) => files,
            Err(error) => {
                wrong.push(format!("{}: {error}", path.display()));
                continue;
            }
        };
        for file in files {
            match read(&file) {
                Ok(read) if read.cases.is_empty() => wrong.push(format!("{} holds no case", file.display())),
                Ok(read) => found.push(read),
                Err(mistakes) => wrong.extend(mistakes),
            }
        }
    }
    if wrong.is_empty() { Ok(found) } else { Err(wrong) }
}

fn parent(file: &Path) -> &Path {
    file.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

fn files(path: &Path) -> std::io::Result<Vec<PathBuf>> {
    if !fs::metadata(path)?.is_dir() {
        return Ok(vec![path.into()]);
    }
    let mut files = Vec::new();
    for entry in fs::read_dir(path)? {
        let path = entry?.path();
        let is_shared = path.file_name().is_some_and(|name| SHARED.iter().any(|shared| name == *shared));
        if path.is_file() && is_manifest(&path) && !is_shared {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

fn read(path: &Path) -> Result<CaseFile, Vec<String>> {
    let failed = |path: &Path, error: &std::io::Error| vec![format!("{}: {error}", path.display())];
    let text = fs::read_to_string(path).map_err(|error| failed(path, &error))?;
    let mut shared = Map::new();
    for file in SHARED.map(|name| parent(path).join(name)).into_iter().filter(|file| file.is_file()) {
        let text = fs::read_to_string(&file).map_err(|error| failed(&file, &error))?;
        shared.extend(of_all(&text).map_err(|mistakes| in_file(&file, mistakes))?);
    }
    let cases = cases(&text, &shared).map_err(|mistakes| in_file(path, mistakes))?;
    Ok(CaseFile { path: path.into(), text, shared, cases })
}

fn in_file(path: &Path, mistakes: Vec<String>) -> Vec<String> {
    mistakes.into_iter().map(|mistake| format!("{}: {mistake}", path.display())).collect()
}

/// What a directory's cases share.
fn of_all(text: &str) -> Result<Map<String, Value>, Vec<String>> {
    match documents(text).map_err(|error| vec![error])?.as_slice() {
        [] => Ok(Map::new()),
        [(value, _)] => check_defaults(value, "it").cloned(),
        _ => Err(vec!["it holds more than one document".into()]),
    }
}

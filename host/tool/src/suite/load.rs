//! Finds the cases of files and directories.

use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

pub use super::document::PlacedCase;
use super::document::{Mistake, cases, check_defaults, documents};
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

/// A file that is no file of cases, or cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WrongFile {
    /// The file, or the directory without a case.
    pub path: PathBuf,
    /// What is wrong with it.
    pub mistake: Mistake,
}

impl fmt::Display for WrongFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.path.display(), self.mistake)
    }
}

/// The cases of these files, and of all files of these directories, and all that is wrong with them:
/// a path without a case, a file that is no case, an unknown key. A directory is no suite of the
/// directories in it.
pub fn load(paths: &[PathBuf]) -> (Vec<CaseFile>, Vec<WrongFile>) {
    let mut found = Vec::new();
    let mut wrong = Vec::new();
    for path in paths {
        let files = match files(path) {
            Ok(files) if files.is_empty() => {
                let what = "it holds no case: cases are its files *.yaml, *.yml and *.json";
                wrong.push(WrongFile { path: path.clone(), mistake: Mistake::of_all(what) });
                continue;
            }
            Ok(files) => files,
            Err(error) => {
                wrong.extend(failed(path, &error));
                continue;
            }
        };
        for file in files {
            match read(&file) {
                Ok(read) if read.cases.is_empty() => {
                    wrong.push(WrongFile { path: file, mistake: Mistake::of_all("it holds no case") });
                }
                Ok(read) => found.push(read),
                Err(mistakes) => wrong.extend(mistakes),
            }
        }
    }
    // What is wrong with a suite.yaml is wrong for each file beside it.
    let mut told = Vec::new();
    wrong.retain(|one| {
        let is_new = !told.contains(one);
        told.push(one.clone());
        is_new
    });
    (found, wrong)
}

fn failed(path: &Path, error: &io::Error) -> Vec<WrongFile> {
    in_file(path, vec![Mistake::of_all(error.to_string())])
}

fn parent(file: &Path) -> &Path {
    file.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

fn files(path: &Path) -> io::Result<Vec<PathBuf>> {
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

fn read(path: &Path) -> Result<CaseFile, Vec<WrongFile>> {
    let text = fs::read_to_string(path).map_err(|error| failed(path, &error))?;
    let mut shared = Map::new();
    for file in SHARED.map(|name| parent(path).join(name)).into_iter().filter(|file| file.is_file()) {
        let text = fs::read_to_string(&file).map_err(|error| failed(&file, &error))?;
        shared.extend(of_all(&text).map_err(|mistakes| in_file(&file, mistakes))?);
    }
    let cases = cases(&text, &shared).map_err(|mistakes| in_file(path, mistakes))?;
    Ok(CaseFile { path: path.into(), text, shared, cases })
}

fn in_file(path: &Path, mistakes: Vec<Mistake>) -> Vec<WrongFile> {
    mistakes.into_iter().map(|mistake| WrongFile { path: path.into(), mistake }).collect()
}

/// What a directory's cases share.
fn of_all(text: &str) -> Result<Map<String, Value>, Vec<Mistake>> {
    match documents(text).map_err(|error| vec![error])?.as_slice() {
        [] => Ok(Map::new()),
        [(value, _)] => {
            let shared = check_defaults(value, "it").cloned();
            shared.map_err(|mistakes| mistakes.into_iter().map(Mistake::of_all).collect())
        }
        _ => Err(vec![Mistake::of_all("it holds more than one document")]),
    }
}

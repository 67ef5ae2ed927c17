//! `genie-host test`: runs suites, which say what a policy decides.

mod github;
mod junit;
mod people;
mod told;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use anyhow::{Context as _, Result, bail};
use clap::{Args, ValueEnum};

use super::exit;
use super::output;
use crate::suite::watch::Watch;
use crate::suite::{self, CaseFile, CaseOutcome, Runner, WrongFile, from_record, update};
use genie_core::config;
use genie_core::record::{Listed, Record, Store};
use told::Told;

#[derive(Args)]
#[command(after_help = "Exit status: 0 all cases passed, 1 a case failed, 2 wrong usage or input.")]
pub struct Arguments {
    /// Directories and files of cases
    #[arg(value_name = "DIR|FILE", required_unless_present = "from")]
    suites: Vec<PathBuf>,
    /// Write into the cases that fail what was seen, as what is expected
    #[arg(long)]
    update: bool,
    /// Run the cases again whenever one of their files changes: cases, modules, configurations
    #[arg(long, conflicts_with = "update")]
    watch: bool,
    /// Take a configuration's modules as they are, even if it approves other digests
    #[arg(long)]
    any_digest: bool,
    /// Print a case that says what a node decided: the file of an attachment record, or the
    /// beginning of a container's id
    #[arg(long, value_name = "RECORD", conflicts_with_all = ["suites", "update", "watch", "output"])]
    from: Option<String>,
    /// The directory of the node's state, where `--from` finds records
    #[arg(long, value_name = "DIR", default_value = config::STATE_DIR)]
    state_dir: PathBuf,
    /// The format of the output
    #[arg(short, long, value_enum, default_value_t)]
    output: Format,
}

/// The format of the output.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Format {
    /// Lines for people
    #[default]
    People,
    /// XML as `JUnit` has it
    Junit,
    /// Annotations of GitHub's workflows
    Github,
    /// JSON for machines
    Json,
}

pub fn run(arguments: &Arguments) -> Result<ExitCode> {
    if let Some(record) = &arguments.from {
        let record = find(record, &arguments.state_dir)?;
        let place = record.path().display().to_string();
        let case = from_record::case(&record).map_err(anyhow::Error::msg).context(place)?;
        super::print_lines(case.lines());
        return Ok(ExitCode::SUCCESS);
    }
    let mut runner = Runner::new(arguments.any_digest);
    if arguments.watch {
        return watch(arguments, &mut runner);
    }
    let (files, wrong) = suite::load(&arguments.suites);
    let told = run_all(&files, &wrong, &mut runner, arguments.update);
    print(&told, arguments.output);
    Ok(ExitCode::from(told.iter().map(Told::status).max().unwrap_or(exit::USAGE)))
}

/// Runs the cases again and again, until nobody reads what is printed, or watching fails.
fn watch(arguments: &Arguments, runner: &mut Runner) -> Result<ExitCode> {
    let failed = "the files cannot be watched";
    let mut watch = Watch::new(&arguments.suites).context(failed)?;
    loop {
        runner.forget();
        let (files, wrong) = suite::load(&arguments.suites);
        watch.add(&inputs(&files)).context(failed)?;
        print(&run_all(&files, &wrong, runner, false), arguments.output);
        watch.add(&runner.modules()).context(failed)?;
        if output::has_ended() || !watch.wait().context(failed)? {
            return Ok(ExitCode::SUCCESS);
        }
        // Those that were away, or have been replaced.
        watch.add_suites(&arguments.suites).context(failed)?;
    }
}

fn inputs(files: &[CaseFile]) -> Vec<PathBuf> {
    let cases = files.iter().flat_map(|file| file.cases.iter().map(|case| case.case.inputs(file.dir())));
    cases.flatten().collect()
}

/// Runs all cases. A file that cannot be read is told as a case of it that cannot be run, so that
/// every format has it.
fn run_all(files: &[CaseFile], wrong: &[WrongFile], runner: &mut Runner, update: bool) -> Vec<Told> {
    let mut all: Vec<_> = wrong.iter().map(Told::unreadable).collect();
    for file in files {
        let mut told = Vec::new();
        for case in &file.cases {
            let started = Instant::now();
            let outcome = runner.run(&case.case, file.dir());
            let place = (file.path.clone(), case.line);
            told.push(Told { place, name: case.case.name.clone(), outcome, time: started.elapsed(), updated: false });
        }
        if update {
            write(file, &mut told);
        }
        all.extend(told);
    }
    all
}

/// Writes what was seen into the file, in place of what is expected. A case of which a fact is
/// missing stays: what was seen of it is not what would be.
fn write(file: &CaseFile, told: &mut [Told]) {
    let mut failed = Vec::new();
    for (case, told) in file.cases.iter().zip(told) {
        if let CaseOutcome::Failed(failure) = &told.outcome
            && failure.missing.is_empty()
        {
            failed.push((case, failure.seen.clone(), told));
        }
    }
    if failed.is_empty() {
        return;
    }
    let seen: Vec<_> = failed.iter().map(|(case, seen, _)| (*case, seen)).collect();
    let written = update::updated(file, &seen)
        .and_then(|text| fs::write(&file.path, text).map_err(|error| format!("it cannot be written: {error}")));
    for (_, _, told) in failed {
        match &written {
            Ok(()) => told.updated = true,
            Err(why) => told.outcome = CaseOutcome::Error(format!("{} stays as it is: {why}", file.path.display())),
        }
    }
}

fn print(told: &[Told], output: Format) {
    match output {
        Format::People => super::print_lines(people::lines(told)),
        Format::Junit => super::write(&junit::document(told)),
        Format::Github => super::write(&github::commands(told)),
        Format::Json => super::print_json(&told::as_json(told)),
    }
}

/// The record in a file, else that of a container.
fn find(written: &str, state_dir: &Path) -> Result<Record> {
    let path = Path::new(written);
    if path.is_file() {
        let bytes = fs::read(path).with_context(|| format!("cannot read {written}"))?;
        if !Record::is_name(path) {
            bail!("{written} is no attachment record: such a file is called CONTAINER@INTERFACE.json");
        }
        return Ok(Record::read(&bytes, path)?);
    }
    let mut found = Vec::new();
    let store = Store::read_only(state_dir).with_context(|| format!("{written:?} is no file"))?;
    for listed in store.list()? {
        if let Listed::Record(record) = listed
            && record.header.container.starts_with(written)
        {
            found.push(*record);
        }
    }
    match <[Record; 1]>::try_from(found) {
        Ok([record]) => Ok(record),
        Err(found) if found.is_empty() => bail!("{written:?} is no file, and no container with a record"),
        Err(found) => {
            let which: Vec<_> = found.iter().map(|record| record.path().display().to_string()).collect();
            bail!("{written:?} means {} records: write one of {}", which.len(), which.join(", "))
        }
    }
}

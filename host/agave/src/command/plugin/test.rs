//! `agave plugin test`: does the component do what its examples say?

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use agave_plugin::Plugin;
use anyhow::{Context, Result, bail};
use clap::Args;

use super::target;
use crate::command::run::runtime;
use crate::command::{machine, print};
use crate::trial::{self, Case, Outcome, Runner};

#[derive(Args)]
pub(crate) struct Test {
    /// The plugin: the folder of its project, which is built first, or its file, or its name
    #[arg(default_value = ".")]
    plugin: String,
    /// Files with tests, or folders of them; if not given, the folder `tests` of the project
    #[arg(long, value_name = "PATH")]
    tests: Vec<PathBuf>,
    /// Only the tests whose name contains this
    #[arg(long, value_name = "TEXT")]
    only: Option<String>,
    /// Run no tests: give it the inputs in this file, and show what comes out
    #[arg(long, value_name = "FILE", conflicts_with_all = ["tests", "only"])]
    given: Option<PathBuf>,
    /// Show every input with what came of it
    #[arg(long)]
    show: bool,
    /// Print a JSON object for each test
    #[arg(long)]
    json: bool,
}

impl Test {
    pub(super) fn run(self) -> Result<ExitCode> {
        // Whatever is missing is said before something is built for minutes.
        let files = match &self.given {
            Some(_) => Vec::new(),
            None => self.files()?,
        };
        let component = match target::project(&self.plugin) {
            Some(folder) => target::build(folder)?,
            None => target::component(&machine()?, &self.plugin)?,
        };
        let plugin = machine()?.catalog.load(&component)?;
        let runtime = runtime()?;
        let runner = Runner {
            plugin: &plugin,
            runtime: &runtime,
        };
        let passed = match &self.given {
            Some(file) => self.try_out(&runner, file)?,
            None => self.run_files(&runner, &files)?,
        };
        Ok(if passed {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        })
    }

    fn files(&self) -> Result<Vec<PathBuf>> {
        let places = match target::project(&self.plugin) {
            _ if !self.tests.is_empty() => self.tests.clone(),
            Some(folder) => vec![folder.join("tests")],
            None => bail!(
                "'{}' is not the folder of a project: say where its tests are with `--tests \
                 PATH`, or give it inputs with `--given FILE`",
                self.plugin
            ),
        };
        let mut files = Vec::new();
        for place in &places {
            if place.is_dir() {
                files.extend(yaml_files(place)?);
            } else if place.is_file() {
                files.push(place.clone());
            }
        }
        if files.is_empty() {
            let places: Vec<String> = places.iter().map(|one| one.display().to_string()).collect();
            bail!("there are no tests (*.yaml) in {}", places.join(", "));
        }
        Ok(files)
    }

    /// Shows what comes of the inputs in `file`; says whether the plugin coped.
    fn try_out(&self, runner: &Runner<'_>, file: &Path) -> Result<bool> {
        let case = trial::inputs(file, runner.plugin.role())?;
        let outcome = runner.run(&case)?;
        if self.json {
            print(&json(&outcome, runner.plugin, file));
        } else {
            print(&trial::shown(&outcome, runner.plugin.role()));
        }
        Ok(outcome.passed())
    }

    fn run_files(&self, runner: &Runner<'_>, files: &[PathBuf]) -> Result<bool> {
        let began = Instant::now();
        let mut counts = Counts::default();
        for file in files {
            let mut cases = trial::tests(file, runner.plugin.role())?;
            cases.retain(|case| {
                let wanted = self.only.as_ref();
                wanted.is_none_or(|part| case.name.contains(part.as_str()))
            });
            self.run_file(runner, file, &cases, &mut counts)?;
        }
        if counts.passed + counts.failed == 0 {
            bail!("there is no test to run");
        }
        if !self.json {
            print(&counts.told(began.elapsed()));
        }
        Ok(counts.failed == 0)
    }

    fn run_file(
        &self,
        runner: &Runner<'_>,
        file: &Path,
        cases: &[Case],
        counts: &mut Counts,
    ) -> Result<()> {
        let role = runner.plugin.role();
        if !self.json && !cases.is_empty() {
            let description = runner.plugin.description();
            print(&format!(
                "{} {}, {}",
                description.name,
                description.version,
                file.display()
            ));
        }
        for case in cases {
            let outcome = runner.run(case)?;
            counts.add(&outcome);
            if self.json {
                print(&json(&outcome, runner.plugin, file));
                continue;
            }
            print(&trial::told(&outcome, role));
            if self.show {
                print(&trial::shown(&outcome, role));
            }
        }
        Ok(())
    }
}

fn json(outcome: &Outcome, plugin: &Plugin, file: &Path) -> String {
    let file = file.display().to_string();
    trial::json(outcome, &plugin.description().name, &file).to_string()
}

/// In the order of their names.
fn yaml_files(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder)
        .with_context(|| format!("cannot read the folder {}", folder.display()))?
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "yaml" || extension == "yml")
        })
        .collect();
    files.sort();
    Ok(files)
}

#[derive(Default)]
struct Counts {
    passed: u32,
    failed: u32,
}

impl Counts {
    fn add(&mut self, outcome: &Outcome) {
        if outcome.passed() {
            self.passed += 1;
        } else {
            self.failed += 1;
        }
    }

    fn told(&self, took: Duration) -> String {
        let tests = match self.passed + self.failed {
            1 => "1 test".to_owned(),
            many => format!("{many} tests"),
        };
        let how = match self.failed {
            0 => "passed".to_owned(),
            failed => format!("FAILED: {failed}"),
        };
        format!("{tests}, {how}, in {:.2} s", took.as_secs_f64())
    }
}

//! `agave test`: do flows do what their tests say?

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use agave_flow::{Flow, Override, TestCase};
use anyhow::{Result, bail};
use clap::Args;
use serde_json::json;

use crate::command::{load_in, machine, print};
use crate::flow_test::{Classes, Found, Stage, flows, json, told};
use crate::surroundings::{Machine, Rehearsed};

#[derive(Args)]
pub(crate) struct Test {
    /// Flow files, or folders of them
    #[arg(required = true, value_name = "FLOW")]
    flows: Vec<PathBuf>,
    /// Only the tests whose name contains this
    #[arg(long, value_name = "TEXT")]
    filter: Option<String>,
    /// Change a value of the flow files first, for example nodes.calm.config.hold=5s
    #[arg(long = "set", value_name = "PATH=VALUE")]
    overrides: Vec<Override>,
    /// Print a JSON object for each test, and one for all of them
    #[arg(long)]
    json: bool,
}

impl Test {
    pub(crate) fn run(self) -> Result<ExitCode> {
        let began = Instant::now();
        let found = flows(&self.flows)?;
        self.check_found(&found)?;
        let machine = machine()?;
        let surroundings = Rehearsed::on(&machine);
        let mut counts = Counts::default();
        for file in &found.flows {
            match load_in(&surroundings, file, &self.overrides) {
                Some(flow) => self.run_flow(&machine, file, &flow, &mut counts),
                None => counts.broken += 1,
            }
        }
        if counts.passed + counts.failed + counts.broken == 0 {
            bail!("{}", self.nothing_to_run(&counts));
        }
        let took = began.elapsed();
        if self.json {
            print(&counts.json(took).to_string());
        } else {
            print(&counts.told(took));
        }
        Ok(if counts.failed + counts.broken == 0 {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        })
    }

    fn check_found(&self, found: &Found) -> Result<()> {
        if !found.flows.is_empty() {
            return Ok(());
        }
        let places: Vec<String> = self
            .flows
            .iter()
            .map(|one| one.display().to_string())
            .collect();
        let others = match found.others {
            0 => String::new(),
            others => format!(
                "; of {others} YAML files none has `version` and `cameras` or `nodes` at its top"
            ),
        };
        bail!("there is no flow file in {}{others}", places.join(", "))
    }

    fn nothing_to_run(&self, counts: &Counts) -> String {
        match &self.filter {
            Some(filter) if counts.left_out > 0 => format!(
                "no test has '{filter}' in its name; there are {}",
                counts.left_out
            ),
            _ => "there is no test: write some under `tests` of a flow file".to_owned(),
        }
    }

    fn run_flow(&self, machine: &Machine, file: &Path, flow: &Flow, counts: &mut Counts) {
        if flow.tests.is_empty() {
            counts.without_tests += 1;
            return;
        }
        let wanted = |test: &&TestCase| {
            let filter = self.filter.as_deref();
            filter.is_none_or(|part| test.name.contains(part))
        };
        let tests: Vec<&TestCase> = flow.tests.iter().filter(wanted).collect();
        counts.left_out += flow.tests.len() - tests.len();
        if tests.is_empty() {
            return;
        }
        counts.flows += 1;
        let classes = Classes::of(flow);
        if !self.json {
            print(&file.display().to_string());
            for model in &classes.guessed {
                print(&format!(
                    "  model '{model}' cannot be read here; it is taken to see whatever the flow \
                     has a word for"
                ));
            }
        }
        let stage = Stage {
            flow,
            classes: &classes,
            catalog: &machine.catalog,
        };
        for test in tests {
            let outcome = stage.run(test);
            if outcome.passed() {
                counts.passed += 1;
            } else {
                counts.failed += 1;
            }
            if self.json {
                print(&json(&outcome, file).to_string());
            } else {
                print(&told(&outcome));
            }
        }
    }
}

#[derive(Default)]
struct Counts {
    passed: usize,
    failed: usize,
    /// Tests that the filter leaves out.
    left_out: usize,
    /// Flows whose tests were run.
    flows: usize,
    without_tests: usize,
    /// Flows with a mistake in them.
    broken: usize,
}

impl Counts {
    fn told(&self, took: Duration) -> String {
        let counted = |count: usize, what: &str| match count {
            1 => format!("1 {what}"),
            _ => format!("{count} {what}s"),
        };
        let how = match self.failed {
            0 => "passed".to_owned(),
            failed => format!("FAILED: {failed}"),
        };
        let mut line = format!(
            "{} in {}, {how}, in {:.2} s",
            counted(self.passed + self.failed, "test"),
            counted(self.flows, "flow"),
            took.as_secs_f64()
        );
        if self.broken > 0 {
            line.push_str(&format!("; {} CANNOT BE RUN", counted(self.broken, "flow")));
        }
        if self.without_tests > 0 {
            line.push_str(&format!(
                "; {} without tests",
                counted(self.without_tests, "flow")
            ));
        }
        if self.left_out > 0 {
            line.push_str(&format!("; {} left out", counted(self.left_out, "test")));
        }
        line
    }

    fn json(&self, took: Duration) -> serde_json::Value {
        json!({ "summary": {
            "tests": self.passed + self.failed,
            "passed": self.passed,
            "failed": self.failed,
            "left_out": self.left_out,
            "flows": self.flows,
            "flows_without_tests": self.without_tests,
            "flows_that_cannot_be_run": self.broken,
            "seconds": (took.as_secs_f64() * 1000.0).round() / 1000.0,
        }})
    }
}

//! Changes of the flow file from outside of the editor: somebody sends a text, and it is written
//! when it runs. Who sends it says which text was seen, so that nobody's change is lost.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{MutexGuard, PoisonError};

use agave_core::Fingerprint;
use agave_flow::veil;
use agave_inspector::Refusal;
use agave_inspector::system::FlowFile;
use agave_inspector::view::VersionView;

use super::read::read_text;
use super::{Keeper, Reading, Refused, told};
use crate::control::{Controlled, Report, Trigger, Verdict};

impl Keeper {
    /// The flow file as it is now.
    pub(crate) fn file(&self) -> Result<FlowFile, Refusal> {
        let path = &self.source.file;
        let bytes = std::fs::read(path).map_err(|error| {
            Refusal::Unavailable(format!("cannot read {}: {error}", path.display()))
        })?;
        Ok(FlowFile {
            tag: Fingerprint::of(&bytes).to_string(),
            text: String::from_utf8_lossy(&bytes).into_owned(),
        })
    }

    /// The flow file for those who edit it elsewhere: passwords in it are numbers.
    pub(crate) fn veiled_file(&self) -> Result<FlowFile, Refusal> {
        let FlowFile { text, tag } = self.file()?;
        let text = veil(&text).text;
        Ok(FlowFile { text, tag })
    }

    /// What would change if the flow file said `text`, which is veiled.
    pub(crate) fn plan_veiled(&self, text: &str) -> Result<Report, Refusal> {
        let now = self.file()?;
        Ok(self.planned(self.read_as(&unveiled(&now, text)?)))
    }

    pub(super) fn read_as(&self, text: &str) -> Reading {
        let source = &self.source;
        read_text(&source.machine, &source.file, text, &source.overrides)
    }

    /// Runs `text`, which is veiled, and writes it into the flow file, whose tag is still
    /// `expected`.
    pub(crate) fn write_veiled(
        &self,
        text: &str,
        expected: &str,
        who: &str,
    ) -> Result<Report, Refusal> {
        self.write_with(expected, who, |now| unveiled(now, text))
    }

    /// Runs one of the versions again, and writes it into the flow file, whose tag is still
    /// `expected`.
    pub(crate) fn restore(
        &self,
        version: u64,
        expected: &str,
        who: &str,
    ) -> Result<Report, Refusal> {
        let text = self.version_text(version).ok_or_else(|| {
            Refusal::NotFound(format!("version {version} is not kept (any more)"))
        })?;
        self.write_with(expected, who, |_| Ok(text))
    }

    /// Runs what `edit` makes of the flow file, whose tag is still `expected`, and writes it.
    pub(crate) fn write_with(
        &self,
        expected: &str,
        who: &str,
        edit: impl FnOnce(&FlowFile) -> Result<String, Refusal>,
    ) -> Result<Report, Refusal> {
        let _one_by_one = self.one_by_one();
        let now = self.expect_tag(expected)?;
        let text = edit(&now)?;
        self.put(&now, &text, who)
    }

    /// Runs `text`, and writes it into the flow file, which is as it was `seen`. Nobody else
    /// changes the flow meanwhile; an editor may.
    pub(super) fn put(&self, seen: &FlowFile, text: &str, who: &str) -> Result<Report, Refusal> {
        let Reading {
            flow,
            problems: said,
            found,
            ..
        } = self.read_as(text);
        let running = self.live.flow();
        let outcome = flow
            .ok_or(Refused { said, found })
            .and_then(|flow| self.apply(&running, flow));
        let outcome = Ok(outcome.map_err(Refusal::from)?);
        // Running it may have taken as long as compiling its plugins.
        let written = self.expect_tag(&seen.tag).and_then(|_| {
            replace(&self.source.file, text).map_err(|error| {
                let file = self.source.file.display();
                Refusal::Unavailable(format!("cannot write {file}: {error}"))
            })
        });
        // What the files say runs: what was written, or what they said before.
        let settled = self.attempt();
        written?;
        let why = Trigger::Page(who.to_owned());
        // The second time nothing was different.
        let outcome = settled.and(outcome);
        Ok(self.announce(&why, &outcome, Verdict::Applied))
    }

    /// One change after the other.
    pub(super) fn one_by_one(&self) -> MutexGuard<'_, ()> {
        let attempting = self.attempting.lock();
        attempting.unwrap_or_else(PoisonError::into_inner)
    }

    /// The flow file, if its tag is `expected`.
    pub(super) fn expect_tag(&self, expected: &str) -> Result<FlowFile, Refusal> {
        let now = self.file()?;
        // RFC 9110: whatever it is, if it is there.
        match now.tag == expected || expected == "*" {
            true => Ok(now),
            false => Err(Refusal::Stale(
                "somebody else has changed the flow file since it was read; read it again"
                    .to_owned(),
            )),
        }
    }

    /// The flow files that ran, the newest first.
    pub(crate) fn versions(&self) -> Vec<VersionView> {
        self.versions
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .list()
    }

    /// The text of one of them, veiled.
    pub(crate) fn version(&self, version: u64) -> Option<String> {
        self.version_text(version).map(|text| veil(&text).text)
    }

    fn version_text(&self, version: u64) -> Option<String> {
        self.versions
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .text(version)
    }

    /// Counts what became of an attempt, and tells everybody who wants to know.
    pub(super) fn announce(
        &self,
        why: &Trigger,
        outcome: &super::Outcome,
        done: Verdict,
    ) -> Report {
        self.count(outcome);
        let said = told::reload(self.name(), why, outcome);
        let report = self.report(outcome, done, said);
        if report.result == Verdict::Applied {
            let who = match why {
                Trigger::Page(who) => Some(who.as_str()),
                _ => None,
            };
            self.versions
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .note(&self.source.file, why.word(), who, &report.said);
        }
        let line = told::reload_line(why, &report);
        self.reporter.event(report.said.clone(), &line);
        let event = agave_inspector::system::FlowEvent::Reload(report.clone().into());
        // Nobody may be looking.
        let _ = self.events.send(event);
        report
    }
}

/// What somebody who saw `now` veiled means by `text`.
fn unveiled(now: &FlowFile, text: &str) -> Result<String, Refusal> {
    veil(&now.text)
        .unveil(text)
        .map_err(|line| Refusal::Invalid {
            said: format!(
                "line {line}: `<hidden-…>` stands for a password only where it stood; write the \
             password, or better a `${{secret:…}}`"
            ),
            problems: Vec::new(),
        })
}

impl From<Refused> for Refusal {
    fn from(Refused { said, found }: Refused) -> Self {
        Self::Invalid {
            said,
            problems: found,
        }
    }
}

/// Puts `text` in the place of what is in `file`, at once: nobody ever reads half of it. What the
/// name leads to is replaced, and not a link on the way.
pub(super) fn replace(file: &Path, text: &str) -> std::io::Result<()> {
    let file: PathBuf = std::fs::canonicalize(file)?;
    let folder = file.parent().unwrap_or(Path::new("."));
    let mut beside = tempfile::Builder::new()
        .prefix(".agave-")
        .tempfile_in(folder)?;
    beside.write_all(text.as_bytes())?;
    let permissions = std::fs::metadata(&file)?.permissions();
    beside.as_file().set_permissions(permissions)?;
    beside.as_file().sync_all()?;
    beside.persist(&file).map_err(|error| error.error)?;
    Ok(())
}

//! Changes of the flow's files from outside of the editor: somebody sends a text, and it is written
//! when it runs. Who sends it says which texts were seen, so that nobody's change is lost.

use std::sync::{MutexGuard, PoisonError};
use std::time::SystemTime;

use agave_flow::veil;
use agave_inspector::Refusal;
use agave_inspector::system::FlowFile;
use agave_inspector::view::VersionView;

use super::read::{read_with, texts};
use super::texts::{Edits, Texts};
use super::write::write_all;
use super::{Keeper, Reading, Refused, Source, told, without_clips};
use crate::control::{Controlled, Report, Trigger, Verdict};

impl Keeper {
    /// What stands in the flow's files now.
    pub(super) fn texts(&self) -> Result<Texts, Refusal> {
        let Source { machine, file, .. } = &self.source;
        texts(machine, file).map_err(|error| {
            Refusal::Unavailable(format!("cannot read {}: {error}", file.display()))
        })
    }

    /// The flow file for those who edit it elsewhere: passwords in it are numbers. The tag is that
    /// of all files.
    pub(crate) fn veiled_file(&self) -> Result<FlowFile, Refusal> {
        let texts = self.texts()?;
        Ok(FlowFile {
            text: veil(texts.main()).text,
            tag: texts.tag(),
        })
    }

    /// What would change if the flow file said `text`, which is veiled.
    pub(crate) fn plan_veiled(&self, text: &str) -> Result<Report, Refusal> {
        let edits = self.main(unveiled(&self.texts()?, text)?);
        Ok(self.planned(self.read_with(&edits)))
    }

    pub(super) fn read_with(&self, edits: &Edits) -> Reading {
        let source = &self.source;
        read_with(&source.machine, &source.file, &source.overrides, edits)
    }

    /// The flow file alone is changed.
    pub(super) fn main(&self, text: String) -> Edits {
        Edits::from([(self.source.file.clone(), text)])
    }

    /// Runs `text`, which is veiled, and writes it into the flow file. The tag of all files is
    /// still `expected`.
    pub(crate) fn write_veiled(
        &self,
        text: &str,
        expected: &str,
        who: &str,
    ) -> Result<Report, Refusal> {
        let _one_by_one = self.one_by_one();
        let now = self.expect_tag(expected)?;
        let edits = self.main(unveiled(&now, text)?);
        self.put(&now, &edits, who)
    }

    /// Runs one of the versions again, and writes what differs into the flow's files, whose tag is
    /// still `expected`.
    pub(crate) fn restore(
        &self,
        version: u64,
        expected: &str,
        who: &str,
    ) -> Result<Report, Refusal> {
        let _one_by_one = self.one_by_one();
        let now = self.expect_tag(expected)?;
        let edits = {
            let versions = self.versions();
            let meant = versions.texts(version).ok_or_else(|| {
                Refusal::NotFound(format!("version {version} is not kept (any more)"))
            })?;
            meant.instead_of(&now)
        };
        self.put(&now, &edits, who)
    }

    /// Runs the flow with these `edits`, and writes them into its files, which are as they were
    /// `seen`. Nobody else changes the flow meanwhile; an editor may.
    pub(super) fn put(&self, seen: &Texts, edits: &Edits, who: &str) -> Result<Report, Refusal> {
        let why = Trigger::Page(who.to_owned());
        let began = SystemTime::now();
        let Reading {
            flow,
            problems: said,
            found,
            files,
            texts,
        } = self.read_with(edits);
        let running = self.live.flow();
        let applied = flow
            .ok_or(Refused { said, found })
            .and_then(|flow| self.apply(&running, flow));
        let changes = applied.map_err(Refusal::from)?;
        // Running it may have taken as long as compiling its plugins.
        let written = self.expect_tag(&seen.tag()).and_then(|_| {
            write_all(seen, edits).map_err(|(file, error)| {
                let file = file.display();
                Refusal::Unavailable(format!(
                    "cannot write {file}: {error}; let the user of this process write it and its \
                     folder, or edit it where it can be written"
                ))
            })
        });
        if let Err(refusal) = written {
            // What the files say runs again, and everybody hears of it.
            let (outcome, texts) = self.attempt();
            self.announce(&why, &outcome, &texts, Verdict::Applied);
            return Err(refusal);
        }
        let mut watched = self.watched();
        for (path, text) in edits {
            watched.wrote(path, text);
        }
        watched.watch(&without_clips(files, &self.live.flow()), began);
        drop(watched);
        Ok(self.announce(&why, &Ok(changes), &texts, Verdict::Applied))
    }

    /// One change after the other.
    pub(super) fn one_by_one(&self) -> MutexGuard<'_, ()> {
        let attempting = self.attempting.lock();
        attempting.unwrap_or_else(PoisonError::into_inner)
    }

    /// What stands in the files, if their tag is `expected`.
    pub(super) fn expect_tag(&self, expected: &str) -> Result<Texts, Refusal> {
        let now = self.texts()?;
        // RFC 9110: whatever it is, if it is there.
        match now.tag() == expected || expected == "*" {
            true => Ok(now),
            false => Err(Refusal::Stale(
                "somebody else has changed the flow's files since they were read; read them again"
                    .to_owned(),
            )),
        }
    }

    /// The texts that ran, the newest first.
    pub(crate) fn version_list(&self) -> Vec<VersionView> {
        self.versions().list()
    }

    /// What the flow file said in one of them, veiled.
    pub(crate) fn version(&self, version: u64) -> Option<String> {
        let versions = self.versions();
        let texts = versions.texts(version);
        texts.map(|texts| veil(texts.main()).text)
    }

    /// Counts what became of an attempt, and tells everybody who wants to know.
    pub(super) fn announce(
        &self,
        why: &Trigger,
        outcome: &super::Outcome,
        texts: &Texts,
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
            self.versions().note(texts, why.word(), who, &report.said);
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
fn unveiled(now: &Texts, text: &str) -> Result<String, Refusal> {
    veil(now.main())
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

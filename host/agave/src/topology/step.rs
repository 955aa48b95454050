//! One node for one camera: what it makes of what the nodes before it gave.

use std::borrow::Cow;
use std::sync::Arc;

use agave_core::{Alert, DropReason, FrameDetections, Schedule, StreamInfo, Timestamp};
use agave_plugin::Supervised;

use super::account::Account;
use super::chain::Seen;
use super::outbox::Outbox;
use super::site::Site;

/// What one step does with its input.
pub(super) enum Work {
    /// Takes the detections of the camera's infer node with this index, and gives their classes
    /// the stream's numbers.
    Infer {
        index: usize,
        classes: Vec<u16>,
    },
    Filter(Supervised),
    Rule(Supervised),
    Gate(Supervised),
    /// A rule that other cameras call as well.
    Site(Arc<Site>),
    /// A gate that other cameras call as well.
    SiteGate(Arc<Site>),
    Adapter(Arc<Outbox>),
}

impl Work {
    /// The node that other cameras call as well, if it is one.
    pub(super) fn site(&self) -> Option<&Site> {
        match self {
            Self::Site(site) | Self::SiteGate(site) => Some(site),
            _ => None,
        }
    }

    /// The plugin that runs in it for this camera alone, if one does.
    pub(super) fn plugin(&self) -> Option<&Supervised> {
        match self {
            Self::Filter(plugin) | Self::Rule(plugin) | Self::Gate(plugin) => Some(plugin),
            Self::Infer { .. } | Self::Site(_) | Self::SiteGate(_) | Self::Adapter(_) => None,
        }
    }

    pub(super) fn plugin_mut(&mut self) -> Option<&mut Supervised> {
        match self {
            Self::Filter(plugin) | Self::Rule(plugin) | Self::Gate(plugin) => Some(plugin),
            Self::Infer { .. } | Self::Site(_) | Self::SiteGate(_) | Self::Adapter(_) => None,
        }
    }
}

/// One node for one camera.
pub(super) struct Step {
    /// The node's name.
    pub(super) name: String,
    /// Which earlier steps it reads.
    pub(super) inputs: Vec<usize>,
    pub(super) work: Work,
    /// Its alerts leave the flow here: no gate reads them.
    pub(super) is_exit: bool,
    /// At which hours it works; none means always.
    pub(super) active: Option<Schedule>,
    pub(super) account: Account,
}

impl Step {
    pub(super) fn works_at(&self, at: Timestamp) -> bool {
        self.active.as_ref().is_none_or(|hours| hours.is_active(at))
    }

    /// What it makes of the frame and of what the steps before it gave.
    ///
    /// Outside of its hours a model sees nothing, a rule neither, so that what goes on ends; a
    /// filter and a gate let everything by, and an adapter gets nothing.
    pub(super) fn take(
        &mut self,
        stream: &StreamInfo,
        seen: &mut Seen,
        outputs: &[Output],
        next_id: &mut u32,
    ) -> Output {
        let works = self.works_at(seen.at);
        let Self {
            inputs,
            work,
            account,
            ..
        } = self;
        let nothing_seen = FrameDetections {
            frame: seen.frame,
            at: seen.at,
            detections: Vec::new(),
        };
        match work {
            Work::Infer { .. } if !works => {
                account.drop(DropReason::Inactive, 1);
                Output::Detections(nothing_seen)
            }
            Work::Infer { index, classes } => {
                let found = seen.detections.get_mut(*index).and_then(Option::take);
                account.inferred(seen, found, classes, next_id)
            }
            Work::Adapter(_) if !works => {
                let missed = merged_alerts(inputs, outputs).len() as u64;
                account.drop(DropReason::Inactive, missed);
                Output::Nothing
            }
            // It gets them from the journal.
            Work::Adapter(_) => Output::Nothing,
            Work::Gate(plugin) => {
                let alerts = merged_alerts(inputs, outputs);
                match works {
                    true => account.gate(plugin, seen.at, &alerts),
                    false => account.idle_gate(plugin, seen.at, &alerts),
                }
            }
            Work::SiteGate(site) => {
                let alerts = merged_alerts(inputs, outputs);
                match works {
                    true => account.site_gate(site, stream, seen.at, &alerts),
                    false => account.idle_site_gate(site, stream, seen.at, &alerts),
                }
            }
            Work::Filter(_) | Work::Rule(_) | Work::Site(_) => {
                match (merged_detections(inputs, outputs), work) {
                    (None, _) => Output::Nothing,
                    (Some(frame), Work::Filter(plugin)) if works => account.filter(plugin, &frame),
                    (Some(frame), Work::Filter(_)) => account.by(frame.into_owned()),
                    (Some(frame), Work::Rule(plugin)) => {
                        let frame = if works { &frame } else { &nothing_seen };
                        account.rule(plugin, frame)
                    }
                    (Some(frame), Work::Site(site)) => {
                        let frame = if works { &frame } else { &nothing_seen };
                        account.site(site, stream, frame)
                    }
                    _ => Output::Nothing,
                }
            }
        }
    }
}

#[derive(Default)]
pub(super) enum Output {
    /// The frame ended in this step or before it.
    #[default]
    Nothing,
    Detections(FrameDetections),
    Alerts(Vec<Alert>),
}

/// The detections of all inputs as one frame; none when the frame ended in one of them.
fn merged_detections<'o>(
    inputs: &[usize],
    outputs: &'o [Output],
) -> Option<Cow<'o, FrameDetections>> {
    let mut merged: Option<Cow<'o, FrameDetections>> = None;
    for &input in inputs {
        let Some(Output::Detections(frame)) = outputs.get(input) else {
            return None;
        };
        merged = Some(match merged {
            None => Cow::Borrowed(frame),
            Some(mut already) => {
                let all = already.to_mut();
                for detection in &frame.detections {
                    // Two branches of one model bring the same detections.
                    match all.detections.iter_mut().find(|one| one.id == detection.id) {
                        Some(same) => same.zones |= detection.zones,
                        None => all.detections.push(detection.clone()),
                    }
                }
                already
            }
        });
    }
    merged
}

/// The alerts of all inputs.
fn merged_alerts<'o>(inputs: &[usize], outputs: &'o [Output]) -> Cow<'o, [Alert]> {
    let alerts_of = |input: &usize| match outputs.get(*input) {
        Some(Output::Alerts(alerts)) => alerts.as_slice(),
        _ => &[],
    };
    match inputs {
        [only] => Cow::Borrowed(alerts_of(only)),
        several => Cow::Owned(several.iter().flat_map(alerts_of).cloned().collect()),
    }
}

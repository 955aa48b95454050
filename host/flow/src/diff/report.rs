//! What changes, as `agave plan` says it: in words for people, and as JSON for programs.

use std::collections::BTreeMap;
use std::fmt::{self, Display};

use serde::ser::SerializeStruct;
use serde::{Serialize, Serializer};

use super::{Change, Changes, Difference, Instances, NodeEffect, Source, State};

/// For terminals: a line for each thing that is different, with what follows for what runs, and a
/// line for each aspect.
impl Display for Changes {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_empty() {
            return writeln!(formatter, "nothing changes");
        }
        if let Some((before, after)) = self.renamed() {
            writeln!(
                formatter,
                "~ the flow is called '{after}', and was '{before}'"
            )?;
        }
        section(formatter, "model", self.models(), |_| String::new())?;
        section(formatter, "broker", self.brokers(), |_| String::new())?;
        section(formatter, "camera", self.cameras(), |name| {
            let effect = self.effects().camera(name);
            effect
                .map(|effect| source_words(effect.source).to_owned())
                .unwrap_or_default()
        })?;
        section(formatter, "node", self.nodes(), |name| {
            self.effects()
                .node(name)
                .map(node_words)
                .unwrap_or_default()
        })?;
        for effect in self.replaced_around() {
            writeln!(
                formatter,
                "  node '{}': {}",
                effect.node,
                node_words(effect)
            )?;
        }
        if self.tests() {
            writeln!(formatter, "~ tests")?;
        }
        Ok(())
    }
}

impl Changes {
    /// The nodes that are the same and get new instances because of what is around them.
    fn replaced_around(&self) -> impl Iterator<Item = &NodeEffect> {
        let effects = self.effects().nodes.iter();
        effects.filter(|effect| {
            effect.instances != Instances::None && !self.nodes().contains_key(&effect.node)
        })
    }
}

fn section<A: Display>(
    formatter: &mut fmt::Formatter<'_>,
    kind: &str,
    changes: &BTreeMap<String, Change<A>>,
    effect: impl Fn(&str) -> String,
) -> fmt::Result {
    for (name, change) in changes {
        let mark = match change {
            Change::Added => '+',
            Change::Removed => '-',
            Change::Changed(_) => '~',
        };
        let effect = effect(name);
        let colon = if effect.is_empty() { "" } else { ": " };
        writeln!(formatter, "{mark} {kind} '{name}'{colon}{effect}")?;
        if let Change::Changed(differences) = change {
            for difference in differences {
                writeln!(formatter, "    {difference}")?;
            }
        }
    }
    Ok(())
}

/// `fps: 5 → 8`.
impl<A: Display> Display for Difference<A> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { aspect, was, now } = self;
        let or_nothing = |text: &str| match text {
            "" => "nothing".to_owned(),
            text => text.to_owned(),
        };
        if was == now {
            // A login differs and is not shown.
            write!(formatter, "{aspect}")
        } else {
            write!(
                formatter,
                "{aspect}: {} → {}",
                or_nothing(was),
                or_nothing(now)
            )
        }
    }
}

fn source_words(source: Source) -> &'static str {
    match source {
        Source::Stays => "stays connected",
        Source::Reconnects => "reconnects",
        Source::New => "connects",
        Source::Gone => "disconnects",
    }
}

fn node_words(effect: &NodeEffect) -> String {
    let instances = match &effect.instances {
        Instances::None => String::new(),
        Instances::All => ", new instances".to_owned(),
        Instances::Of(cameras) => {
            let cameras: Vec<&str> = cameras.iter().map(String::as_str).collect();
            format!(", new instances for {}", crate::suggest::listed(&cameras))
        }
    };
    match effect.state {
        State::Kept => format!("state kept{instances}"),
        State::Reset => "state reset".to_owned(),
        State::New => "begins".to_owned(),
        State::Gone => "ends".to_owned(),
    }
}

/// For programs: `changes` says whether there are any, then one mapping by name for each section
/// (`{"change": "changed", "what": [{"aspect", "was", "now"}]}`), then `effects`.
impl Serialize for Changes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = serializer.serialize_struct("Changes", 8)?;
        fields.serialize_field("changes", &!self.is_empty())?;
        if let Some((was, now)) = &self.name {
            fields.serialize_field("name", &serde_json::json!({ "was": was, "now": now }))?;
        }
        fields.serialize_field("models", self.models())?;
        fields.serialize_field("brokers", self.brokers())?;
        fields.serialize_field("cameras", self.cameras())?;
        fields.serialize_field("nodes", self.nodes())?;
        fields.serialize_field("tests", &self.tests())?;
        fields.serialize_field("effects", self.effects())?;
        fields.end()
    }
}

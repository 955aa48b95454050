//! Every kind of problem has a number that never changes its meaning, so that it can be looked
//! up, searched for and silenced.

use std::fmt;
use std::str::FromStr;

use serde::{Serialize, Serializer};

use crate::suggest;

/// Whether a problem keeps the flow from running.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The flow cannot run like this.
    Error,
    /// It can, and it probably does not do what was meant.
    Warning,
}

impl fmt::Display for Severity {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.serialize(formatter)
    }
}

/// The enum, the numbers and the explanations are one table, so that none can be forgotten.
macro_rules! codes {
    ($($name:ident = $severity:ident $number:literal, $explanation:literal;)*) => {
        /// What kind of problem it is.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Code {
            $(#[doc = $explanation] $name,)*
        }

        impl Code {
            /// All there are, by their numbers.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// Those that only a built flow shows: this crate has no way to report them by itself.
            pub const OF_BUILT_FLOWS: &'static [Self] =
                &[
                    Self::ModelRefused,
                    Self::PluginRefused,
                    Self::NotBuilt,
                    Self::RecordingRefused,
                ];

            /// Its number, for good.
            pub fn number(self) -> u16 {
                match self { $(Self::$name => $number,)* }
            }

            /// Whether it keeps the flow from running.
            pub fn severity(self) -> Severity {
                match self { $(Self::$name => Severity::$severity,)* }
            }

            /// What it means and what to do, in a sentence or two.
            pub fn explanation(self) -> &'static str {
                match self { $(Self::$name => $explanation,)* }
            }

            /// All that there is to say, with an example of what is wrong and what is right. The
            /// texts are files, and without one this does not compile.
            pub fn details(self) -> &'static str {
                match self {
                    $(Self::$name => include_str!(concat!("explain/", stringify!($name), ".md")),)*
                }
            }
        }
    };
}

codes! {
    Unreadable = Error 1, "The flow file is not there, may not be read, or is not UTF-8 text.";
    TooLarge = Error 2, "The flow file is larger, deeper or has more values than any flow needs. The limits protect the program from files that were made to hurt it.";
    Syntax = Error 3, "The text is not YAML. The place is where the parser gave up; the mistake is there or just before it, and is often an indentation, a missing quote or a missing bracket.";
    DuplicateKey = Error 4, "The same key stands twice in one mapping, or the same name in two files. YAML leaves open which of them counts, so one has to go.";
    UnsupportedYaml = Error 5, "YAML has parts that a flow file does not use: tags, several documents in a file, merge keys, and keys that are not plain text.";
    BadOverride = Error 6, "An override on the command line (`--set PATH=VALUE`) does not lead anywhere in this file.";
    BadReference = Error 7, "`${...}` is for `${env:NAME}` and `${secret:NAME}`. For a text that has `${` in it, write `$${`.";
    MissingVariable = Error 8, "The file refers to an environment variable that is not set.";
    MissingSecret = Error 9, "The file refers to a secret that cannot be found. A secret is in an environment variable `AGAVE_SECRET_NAME` or in a file of the folder that `AGAVE_SECRETS_DIR` names. Those that were given to the page are beside the flow's state.";
    SecretMisplaced = Error 10, "Secrets are kept out of everything that may be shown or handed to a plugin, so `${secret:NAME}` works only in the `url` of a camera or a database, the `mqtt` of a broker, and passwords. A plugin uses a secret without seeing it: grant it with `allow: { secrets: [NAME] }`.";
    UnsupportedVersion = Error 11, "The file is written in a version of the format that this Agave does not read.";
    NotDefined = Error 12, "A name is used that nothing in the file defines.";
    UnknownKey = Error 13, "The format has no such key in this place.";
    MissingKey = Error 14, "A key that must be there is not.";
    WrongType = Error 15, "A value is of another kind than the format wants, for example a text where a number belongs.";
    WrongValue = Error 16, "A value is of the right kind and still not one that is possible, for example out of its range.";
    BadName = Error 17, "Names have 1 to 64 characters, each one a letter from a to z, a digit, `-` or `_`.";
    ReservedName = Error 18, "The name means something else already.";
    BadDuration = Error 19, "A duration is a number with a unit: `500ms`, `1.5s`, `2m`, `1h`.";
    BadSize = Error 20, "An amount of memory is a number with a unit: `512KiB`, `32MiB`, `1GiB`.";
    BadPolygon = Error 21, "A zone is a polygon of at least three corners, each a fraction of the frame from 0 to 1, whose edges do not cross.";
    TooManyZones = Error 22, "A camera has more zones than a detection can keep track of.";
    BadUrl = Error 23, "An address is not valid, or of a kind that is not supported.";
    FileNotFound = Error 24, "A file that the flow needs is not there. Paths are relative to the folder of the file that they stand in.";
    NotOneWork = Error 25, "A node does exactly one thing: `infer`, `plugin`, `store` or `serve`.";
    MisplacedKey = Error 27, "The key exists, and means nothing in this place.";
    Cycle = Error 28, "Nodes wait for each other in a circle, so none of them could ever begin.";
    WrongEdge = Error 29, "A node reads something that it cannot understand. Models read cameras; filters and rules read detections, from a model or a filter; gates and adapters read alerts, from a rule or a gate.";
    PluginNotFound = Error 30, "There is no plugin of that name.";
    PluginBroken = Error 31, "The plugin is there and cannot be used.";
    ConfigUnknownKey = Error 32, "The plugin has no such setting.";
    ConfigMissingKey = Error 33, "A setting that the plugin needs is not there.";
    ConfigWrongValue = Error 34, "A setting has a value that the plugin does not take.";
    GrantNotAllowed = Error 35, "Only adapters may reach the outside world. Filters, rules and gates depend on nothing but what they read, so that the same detections always give the same alerts.";
    BadGrant = Error 36, "An entry of `allow` is not of the form that is needed to say exactly what may be reached.";
    BadSchedule = Error 38, "The hours of `active` are days and times: `Mon-Fri 06:00-22:00`.";
    UnknownTimeZone = Error 39, "`time-zone` is the name of a time zone in the IANA database: `Europe/Berlin`, `UTC`.";
    WrongPartition = Error 40, "`partition` is not what the plugin is made for: a rule that looks at several cameras together needs `partition: none`, and nothing else can have it.";
    BadInclude = Error 41, "An included file leads back to itself, is included twice, or is no part of a flow file.";
    BadTemplate = Error 42, "A template is made for cameras or for nodes, and says which parameters it has.";
    BadUse = Error 43, "A template is used for what it is not made for, or with other parameters than it has.";
    ModelRefused = Error 44, "The file of a model is there, and is no model that can be run.";
    PluginRefused = Error 45, "A plugin was started with the node's settings for a camera, and refused them or failed.";
    NotBuilt = Error 46, "The flow is right on paper, and something that it needs cannot be had.";
    RecordingRefused = Error 47, "The file of a recording is there, and cannot be played: it is damaged, or the camera or the model that the flow needs is not in it.";
    Unread = Warning 50, "Detections are made and nothing uses them.";
    UnwatchedCamera = Warning 51, "A camera is defined and no model looks at it.";
    GrantMissing = Warning 52, "An adapter is made to use something that `allow` does not grant it, so every attempt will be refused.";
    NoEffect = Warning 53, "A setting means nothing for what it is set on.";
    NoTimeZone = Warning 54, "Hours are given and the flow does not say on whose clocks, so they are taken as UTC.";
    UnusedTemplate = Warning 55, "A template is defined and nothing uses it, so nobody knows whether it is right.";
    NothingYet = Warning 56, "There is no camera or no node yet. The flow runs all the same and waits for them: its page adds them, or its file.";
}

/// There is no such code.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no code '{wrong}'; {help}")]
pub struct NoSuchCode {
    wrong: String,
    help: String,
}

/// Reads `E012`, also as `e12` or `12`.
impl FromStr for Code {
    type Err = NoSuchCode;

    fn from_str(text: &str) -> Result<Self, NoSuchCode> {
        let text = text.trim();
        let digits = text.trim_start_matches(['E', 'e', 'W', 'w']);
        // No two have one number, so the letter does not matter.
        let number: Option<u16> = digits
            .parse()
            .ok()
            .filter(|_| text.len() <= digits.len() + 1);
        let found = Self::ALL.iter().find(|code| Some(code.number()) == number);
        found.copied().ok_or_else(|| {
            let codes: Vec<String> = Self::ALL.iter().map(Self::to_string).collect();
            let codes: Vec<&str> = codes.iter().map(String::as_str).collect();
            NoSuchCode {
                wrong: text.to_owned(),
                help: match suggest::closest(text, codes.iter().copied()) {
                    Some(meant) => format!("did you mean '{meant}'?"),
                    None => "`agave explain` lists all of them".to_owned(),
                },
            }
        })
    }
}

/// `E012` for an error, `W050` for a warning.
impl fmt::Display for Code {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let letter = match self.severity() {
            Severity::Error => 'E',
            Severity::Warning => 'W',
        };
        write!(formatter, "{letter}{:03}", self.number())
    }
}

impl Serialize for Code {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

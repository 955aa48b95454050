//! The plain data of Agave: what a camera is called, what a model saw, what an alert says and
//! when it happened. No I/O, no threads, no configuration: every other crate depends on this
//! one and it depends on none of them.

mod alert;
mod detection;
mod fingerprint;
mod geometry;
mod ledger;
mod report;
mod role;
mod schedule;
mod secret;
mod stream;
mod time;
mod view;

pub use alert::{Alert, Phase, Severity};
pub use detection::{Detection, FrameDetections};
pub use fingerprint::Fingerprint;
pub use geometry::{BoundingBox, Point, PolygonError, Zone, check_polygon};
pub use ledger::{DropReason, Ledger};
pub use report::AlertReport;
pub use role::Role;
pub use schedule::{Schedule, ScheduleError, time_zone_of_city, time_zones};
pub use secret::{Secret, without_credentials};
pub use stream::{MAX_ZONES, StreamInfo};
pub use time::{Timestamp, parse_duration};
pub use view::{Mark, Shown, View};

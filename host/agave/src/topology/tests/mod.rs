//! A running flow is changed, and nothing is lost, doubled or forgotten.

mod field;
mod reload;
mod storm;
mod video;

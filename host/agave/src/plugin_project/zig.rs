//! TODO
use std::path::Path;

use anyhow::Result;

use super::Project;

pub(super) fn build(_project: &Project, _wit: &Path) -> Result<Vec<u8>> {
    anyhow::bail!("later")
}

//! Text that calls itself a flow file: it is answered, and there is a flow exactly when there is no
//! error. The bytes between two zeros are the parts that it can include.

#![no_main]

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use agave_core::{Fingerprint, Role, Secret};
use agave_flow::{FlowText, PluginCatalog, PluginFacts, PluginProblem, Surroundings, diff, load};
use libfuzzer_sys::fuzz_target;

/// Files by their names, and every plugin that is asked for.
struct World(BTreeMap<String, Vec<u8>>);

impl PluginCatalog for World {
    fn plugin(&self, reference: &str, _: &Path) -> Result<PluginFacts, PluginProblem> {
        let role = match reference.bytes().next() {
            Some(b'r') => Role::Rule,
            Some(b'g') => Role::Gate,
            Some(b'a') => Role::Adapter,
            Some(b'f') => Role::Filter,
            _ => return Err(PluginProblem::NotFound { known: Vec::new() }),
        };
        Ok(PluginFacts {
            file: PathBuf::from(reference),
            fingerprint: Fingerprint::of(reference.as_bytes()),
            name: reference.to_owned(),
            version: "1".to_owned(),
            role,
            config_schema: serde_json::json!({ "type": "object" }),
            imports: Vec::new(),
            several_cameras: reference.ends_with('s'),
        })
    }
}

impl Surroundings for World {
    fn environment(&self, name: &str) -> Option<String> {
        name.starts_with('A').then(|| name.to_owned())
    }

    fn secret(&self, name: &str) -> Option<Secret> {
        name.starts_with('a').then(|| Secret::new("a:b@c/d"))
    }

    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        let name = path.file_name().and_then(|name| name.to_str());
        let found = name.and_then(|name| self.0.get(name));
        found.cloned().ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    fn files_in(&self, _: &Path) -> io::Result<Vec<String>> {
        Ok(self.0.keys().cloned().collect())
    }

    fn file_exists(&self, _: &Path) -> bool {
        true
    }

    fn fingerprint(&self, _: &Path) -> Option<Fingerprint> {
        Some(Fingerprint::of(b"file"))
    }
}

fuzz_target!(|data: &[u8]| {
    let mut files = data.split(|byte| *byte == 0);
    let main = files.next().unwrap_or_default();
    let parts = ('a'..='e').zip(files);
    let world = World(
        parts
            .map(|(name, bytes)| (format!("{name}.yaml"), bytes.to_vec()))
            .collect(),
    );
    let Ok(text) = FlowText::from_bytes(Path::new("flow.yaml"), main.to_vec()) else {
        return;
    };
    let (flow, diagnostics) = load(&text, &[], &world);
    assert_eq!(flow.is_none(), diagnostics.has_errors());
    assert!(!diagnostics.to_string().contains("a:b@c"));
    if let Some(flow) = flow {
        assert!(diff(&flow, &flow).is_empty());
    }
});

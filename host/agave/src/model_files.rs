//! Models that lie around: whoever begins with a page and a camera has no flow that names one.

use std::collections::BTreeSet;
use std::path::{Component, Path, PathBuf};

use agave_inspector::view::{ModelFile, ModelFiles};

/// `models/NAME/VERSION/model.onnx` is as deep as it gets.
const DEEPEST: usize = 3;
const MOST: usize = 100;
/// A folder for models has no more in it than this; a folder for everything may.
const MOST_ENTRIES: usize = 5000;
/// Where models lie in a folder.
pub(crate) const FOLDER: &str = "models";

/// A place to look at, and how a flow file says what is in it.
struct Place {
    folder: PathBuf,
    said: PathBuf,
    deepest: usize,
    /// What lies there came with the program.
    is_shipped: bool,
}

/// Those that a flow file in `flow_folder` could name, the nearest first.
pub(crate) fn find(flow_folder: &Path) -> ModelFiles {
    let mut found = ModelFiles {
        items: Vec::new(),
        folders: Vec::new(),
        is_needed: true,
    };
    let mut seen = BTreeSet::new();
    let mut inside_others = BTreeSet::new();
    for place in places(flow_folder) {
        let Ok(folder) = std::fs::canonicalize(&place.folder) else {
            continue;
        };
        let mut left = MOST_ENTRIES;
        let mut files = Vec::new();
        look(&folder, place.deepest, &mut left, &mut files);
        files.sort();
        for file in files {
            let new = std::fs::canonicalize(&file).is_ok_and(|file| seen.insert(file));
            let Ok(inside) = file.strip_prefix(&folder) else {
                continue;
            };
            // What came with the program may lie beside the flow file already.
            let known = inside_others.contains(inside) && place.is_shipped;
            if !place.is_shipped {
                inside_others.insert(inside.to_owned());
            }
            if new && !known && found.items.len() < MOST {
                found.items.push(ModelFile {
                    path: place.said.join(inside).display().to_string(),
                    name: name(&file),
                    classes: classes(&file),
                    is_shipped: place.is_shipped,
                });
            }
        }
        found.folders.push(folder.display().to_string());
    }
    found
}

/// What the model can see, where its file says so.
fn classes(file: &Path) -> Vec<String> {
    let named = agave_media::class_names(file);
    named.ok().flatten().unwrap_or_default()
}

fn places(flow_folder: &Path) -> Vec<Place> {
    let beside = |said: &str, deepest| Place {
        folder: flow_folder.join(said),
        said: PathBuf::from(said),
        deepest,
        is_shipped: false,
    };
    let named = std::env::var_os("AGAVE_MODELS").map(PathBuf::from);
    let elsewhere = |folder: PathBuf, is_shipped| Place {
        said: folder.clone(),
        folder,
        deepest: DEEPEST,
        is_shipped,
    };
    let named = named.map(|folder| elsewhere(folder, false));
    let shipped = beside_program().map(|folder| elsewhere(folder, true));
    [
        beside("", 0),
        beside(FOLDER, DEEPEST),
        beside("../models", DEEPEST),
    ]
    .into_iter()
    .chain(named)
    .chain(shipped)
    .collect()
}

/// Where models lie that came with the program.
pub(crate) fn beside_program() -> Option<PathBuf> {
    let program = std::env::current_exe().ok()?;
    Some(program.parent()?.join(FOLDER))
}

fn look(folder: &Path, deeper: usize, left: &mut usize, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let Some(fewer) = left.checked_sub(1) else {
            return;
        };
        *left = fewer;
        let path = entry.path();
        let is_hidden = entry.file_name().to_string_lossy().starts_with('.');
        if is_hidden {
            continue;
        }
        if path.is_dir() && deeper > 0 {
            look(&path, deeper - 1, left, files);
        } else if path.extension().is_some_and(|it| it == "onnx") && path.is_file() {
            files.push(path);
        }
    }
}

/// A name for the model in `file`: the file's, or that of a folder above where the file's is
/// `model` and the folder's a version, as model repositories have it.
pub(crate) fn name(file: &Path) -> String {
    let stem = file.file_stem().map(|stem| stem.to_string_lossy());
    let folders = file.parent().into_iter().flat_map(Path::components).rev();
    let folders = folders.filter_map(|part| match part {
        Component::Normal(part) => Some(part.to_string_lossy()),
        _ => None,
    });
    let telling = stem
        .into_iter()
        .chain(folders)
        .find(|word| word != "model" && !word.chars().all(|c| c.is_ascii_digit()));
    let name: String = telling
        .unwrap_or_default()
        .chars()
        .map(|c| match c {
            'a'..='z' | 'A'..='Z' | '0'..='9' | '-' | '_' => c,
            _ => '-',
        })
        .take(64)
        .collect();
    match name.trim_matches('-') {
        "" => "model".to_owned(),
        name => name.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn models_are_found_where_they_lie() {
        let folder = tempfile::tempdir().unwrap();
        let flows = folder.path().join("flows");
        let shipped = folder.path().join("models/pina/1");
        for folder in [&flows, &shipped, &flows.join(".hidden")] {
            std::fs::create_dir_all(folder).unwrap();
        }
        for file in [
            shipped.join("model.onnx"),
            flows.join("people v2.onnx"),
            flows.join(".hidden/no.onnx"),
            flows.join("readme.md"),
        ] {
            std::fs::write(file, "").unwrap();
        }
        let found = find(&flows);
        let own = found.items.iter().take(2);
        let own: Vec<_> = own
            .map(|model| (model.path.as_str(), model.name.as_str()))
            .collect();
        assert_eq!(
            own,
            [
                ("people v2.onnx", "people-v2"),
                ("../models/pina/1/model.onnx", "pina")
            ]
        );
        assert!(find(&folder.path().join("nowhere")).folders.len() < 3);
    }
}

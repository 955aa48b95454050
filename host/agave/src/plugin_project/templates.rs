//! The files that `agave plugin new` writes, embedded in the program.
//!
//! Under `templates/`, `all/` is for every language and each language has a folder of its own. In
//! both, what is in `common/` is for every role, and each role has a folder beside it. A file
//! keeps its path below that. One whose name begins with `_` is not written itself: `_node.yaml`
//! is what the text `{{node}}` in other files stands for, as `{{name}}` stands for the plugin's
//! name. `manifest/` is for the languages that need a `plugin.yaml`; a Rust crate has its own.

use std::collections::BTreeMap;

use agave_core::Role;

use super::Language;

include!(concat!(env!("OUT_DIR"), "/embedded.rs"));

/// Whether there are templates in `language`.
pub(super) fn exist(language: Language) -> bool {
    let own = format!("{}/", folder(language));
    TEMPLATES.iter().any(|(path, _)| path.starts_with(&own))
}

/// The files of a new project by their path in it.
pub(super) fn files(name: &str, role: Role, language: Language) -> BTreeMap<String, String> {
    let mut places = vec!["all/common/".to_owned(), format!("all/{role}/")];
    if language != Language::Rust {
        places.push(format!("manifest/{role}/"));
    }
    let own = folder(language);
    places.extend([format!("{own}/common/"), format!("{own}/{role}/")]);

    let mut words = BTreeMap::from([
        ("name".to_owned(), name.to_owned()),
        ("role".to_owned(), role.to_string()),
        ("language".to_owned(), own.to_owned()),
        ("Language".to_owned(), language.to_string()),
    ]);
    let mut files = BTreeMap::new();
    for place in &places {
        let inside = TEMPLATES
            .iter()
            .filter_map(|(path, text)| Some((path.strip_prefix(place.as_str())?, *text)));
        for (path, text) in inside {
            match path.strip_prefix('_') {
                Some(fragment) => {
                    let word = fragment.split('.').next().unwrap_or(fragment);
                    words.insert(word.to_owned(), text.trim_end().to_owned());
                }
                None => {
                    files.insert(path.to_owned(), text.to_owned());
                }
            }
        }
    }
    for text in files.values_mut() {
        *text = filled(text, &words);
    }
    if language == Language::Rust {
        files.extend(sdk());
    }
    files
}

/// The SDK as it is in this repository: no registry has it.
fn sdk() -> impl Iterator<Item = (String, String)> {
    let sources = SDK.iter().map(|(path, text)| {
        let path = format!("vendor/agave-vision-sdk/src/{path}");
        (path, (*text).to_owned())
    });
    let contract = (
        "wit/0.1.0/plugin.wit".to_owned(),
        super::world::CONTRACT.to_owned(),
    );
    sources.chain([contract])
}

/// Fragments hold words too, so it is done twice.
fn filled(text: &str, words: &BTreeMap<String, String>) -> String {
    let mut text = text.to_owned();
    for _ in 0..2 {
        for (word, meaning) in words {
            text = text.replace(&format!("{{{{{word}}}}}"), meaning);
        }
    }
    text
}

/// The name of a language's folder, which is also its name in a `plugin.yaml`.
fn folder(language: Language) -> &'static str {
    match language {
        Language::Rust => "rust",
        Language::C => "c",
        Language::Cpp => "cpp",
        Language::Go => "go",
        Language::Zig => "zig",
        Language::Javascript => "javascript",
        Language::Typescript => "typescript",
        Language::Python => "python",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::ValueEnum;

    const ROLES: [Role; 4] = [Role::Filter, Role::Rule, Role::Gate, Role::Adapter];

    #[test]
    fn no_word_is_left_unfilled() {
        for language in Language::value_variants() {
            if !exist(*language) {
                continue;
            }
            for role in ROLES {
                for (path, text) in files("my-plugin", role, *language) {
                    if path.starts_with("vendor/") {
                        continue;
                    }
                    let left = text
                        .split("{{")
                        .nth(1)
                        .and_then(|rest| rest.split("}}").next());
                    let is_word = |word: &str| {
                        !word.is_empty()
                            && word.chars().all(|c| c.is_ascii_alphabetic() || c == '-')
                    };
                    assert!(
                        !left.is_some_and(is_word),
                        "{language} {role} {path}: {left:?}"
                    );
                }
            }
        }
    }

    #[test]
    fn the_sdk_stands_alone_on_the_versions_of_this_workspace() {
        let read = |path: &str| {
            let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../../");
            std::fs::read_to_string(format!("{root}{path}")).unwrap()
        };
        let (workspace, sdk) = (read("Cargo.toml"), read("plugins/sdk/Cargo.toml"));
        let files = files("my-plugin", Role::Filter, Language::Rust);
        let alone = &files["vendor/agave-vision-sdk/Cargo.toml"];
        let names: Vec<&str> = sdk
            .lines()
            .filter_map(|line| line.strip_suffix(".workspace = true"))
            .filter(|name| {
                !["version", "edition", "rust-version", "license", "publish"].contains(name)
            })
            .collect();
        assert!(names.len() > 3, "{names:?}");
        for name in names {
            let beginning = format!("{name} = ");
            let wanted = workspace.lines().find(|line| line.starts_with(&beginning));
            assert!(alone.lines().any(|line| Some(line) == wanted), "{wanted:?}");
        }
        for file in ["Cargo.toml", "vendor/agave-vision-sdk/Cargo.toml"] {
            for line in files[file]
                .lines()
                .filter(|line| line.contains("version = \"1"))
            {
                assert!(workspace.contains(line), "{file}: {line}");
            }
        }
    }

    #[test]
    fn every_project_has_what_its_readme_needs() {
        for language in Language::value_variants() {
            if !exist(*language) {
                continue;
            }
            for role in ROLES {
                let files = files("my-plugin", role, *language);
                for wanted in ["README.md", ".gitignore"] {
                    assert!(
                        files.contains_key(wanted),
                        "{language} {role} has no {wanted}"
                    );
                }
                assert!(
                    files.keys().any(|path| path.starts_with("tests/")),
                    "{language} {role} has no flow test"
                );
            }
        }
    }
}

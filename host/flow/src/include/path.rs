//! Paths as texts: nothing here looks at a disk.

use std::path::{Component, Path, PathBuf};

/// `path` without `.` and, where that can be told, without `..`, so that two ways to write one
/// path are one.
pub(super) fn normal(path: &Path) -> PathBuf {
    let mut normal = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir
                if matches!(normal.components().next_back(), Some(Component::Normal(_))) =>
            {
                normal.pop();
            }
            other => normal.push(other),
        }
    }
    normal
}

/// Whether `name` is one that `pattern` stands for; `*` is any number of characters. Hidden files,
/// such as editors leave, are none unless the pattern begins with a dot as well.
pub(super) fn matches(pattern: &str, name: &str) -> bool {
    if name.starts_with('.') && !pattern.starts_with('.') {
        return false;
    }
    let mut parts = pattern.split('*');
    let Some(mut rest) = name.strip_prefix(parts.next().unwrap_or_default()) else {
        return false;
    };
    let mut last = None;
    // Each part as early as possible leaves most for the next; the last one ends the name.
    for part in parts {
        if let Some(part) = last.replace(part) {
            let Some((_, after)) = rest.split_once(part) else {
                return false;
            };
            rest = after;
        }
    }
    match last {
        Some(last) => rest.ends_with(last),
        None => rest.is_empty(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_path_has_one_form() {
        for (path, form) in [
            ("flows/./a/../b.yaml", "flows/b.yaml"),
            ("../a/b.yaml", "../a/b.yaml"),
            ("../../a", "../../a"),
            ("/../a", "/../a"),
            ("./a", "a"),
        ] {
            assert_eq!(normal(Path::new(path)), Path::new(form), "{path}");
        }
    }

    #[test]
    fn a_star_is_any_number_of_characters() {
        for (pattern, name, fits) in [
            ("*.yaml", "gate.yaml", true),
            ("*.yaml", ".gate.yaml", false),
            ("*.yaml", "gate.yaml~", false),
            ("*.yaml", ".yaml", false),
            ("gate-*.yaml", "gate-1.yaml", true),
            ("gate-*.yaml", "gate-.yaml", true),
            ("gate-*.yaml", "gate.yaml", false),
            ("a*b*c", "abc", true),
            ("a*b*c", "aXbYbZc", true),
            ("a*b*c", "acb", false),
            ("ab*ba", "aba", false),
            ("*", "anything", true),
            ("gate.yaml", "gate.yaml", true),
        ] {
            assert_eq!(matches(pattern, name), fits, "{pattern} {name}");
        }
    }
}

//! What the language of a plugin costs: the same filter in every language, beside the one in
//! Rust. `--markdown` prints the table of `docs/plugins.md`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::figure::Figure;

const EXAMPLES: &str = "plugins/examples";
/// The folders of the examples with the names of their languages, in the order of the table.
const LANGUAGES: [(&str, &str); 8] = [
    ("rust", "Rust"),
    ("c", "C"),
    ("cpp", "C++"),
    ("zig", "Zig"),
    ("go", "Go"),
    ("javascript", "JavaScript"),
    ("typescript", "TypeScript"),
    ("python", "Python"),
];
const HEADING: &str = "\
| Language | Component | Compile → from cache | Start | A call | × Rust | Memory |
|---|---|---|---|---|---|---|";

/// What `agave plugin bench` measures, by metric.
type Measured = BTreeMap<String, (f64, String)>;

struct Row {
    language: &'static str,
    measured: Measured,
    /// Rust, measured just before.
    beside: Measured,
}

pub(crate) fn run(report: &mut dyn FnMut(Figure)) -> Result<()> {
    for row in rows()? {
        for (metric, (value, unit)) in &row.measured {
            let baseline = row.beside.get(metric).map_or(f64::NAN, |(value, _)| *value);
            report(Figure {
                bench: "languages",
                metric: format!("{}_{metric}", row.language.to_lowercase()),
                value: *value,
                unit: unit_name(unit),
                baseline,
                beside: "Rust",
            });
        }
    }
    Ok(())
}

/// The table for people.
pub(crate) fn markdown() -> Result<String> {
    let rows: Vec<String> = rows()?.iter().map(Row::markdown).collect();
    Ok(format!("{HEADING}\n{}", rows.join("\n")))
}

/// Every example that can be built here, with Rust measured beside each.
fn rows() -> Result<Vec<Row>> {
    let rust = built("rust")?;
    let mut rows = Vec::new();
    for (folder, language) in LANGUAGES {
        let component = match built(folder) {
            Ok(component) => component,
            Err(reason) => {
                eprintln!("skipped: {language} ({reason:#})");
                continue;
            }
        };
        let beside = measured(&rust)?;
        rows.push(Row {
            language,
            measured: match folder {
                "rust" => beside.clone(),
                _ => measured(&component)?,
            },
            beside,
        });
    }
    Ok(rows)
}

impl Row {
    fn markdown(&self) -> String {
        let value = |metric: &str| self.measured.get(metric).map_or(f64::NAN, |one| one.0);
        let beside = self.beside.get("call_p50").map_or(f64::NAN, |one| one.0);
        let call = value("call_p50");
        format!(
            "| {} | {} | {} → {} | {:.0} µs | {} µs | {:.1} | {} |",
            self.language,
            size(value("size")),
            milliseconds(value("compile")),
            milliseconds(value("from_cache")),
            value("instantiate"),
            rounded(call),
            call / beside,
            size(value("memory_at_end")),
        )
    }
}

/// Builds the example in `folder`; gives its component.
fn built(folder: &str) -> Result<PathBuf> {
    let project = Path::new(EXAMPLES).join(folder);
    if !project.is_dir() {
        bail!("there is no {}", project.display());
    }
    let out = program()?.with_file_name("examples").join(folder);
    let mut build = Command::new(program()?);
    build
        .args(["plugin", "build"])
        .arg(&project)
        .arg("--out")
        .arg(&out);
    // What compilers say is for whoever measures.
    let status = build.status().context("cannot run agave")?;
    if !status.success() {
        bail!("it cannot be built, as is said above");
    }
    let component = std::fs::read_dir(&out)?
        .flatten()
        .map(|entry| entry.path())
        .find(|path| {
            path.extension()
                .is_some_and(|extension| extension == "wasm")
        });
    component.with_context(|| format!("{} has no component", out.display()))
}

fn measured(component: &Path) -> Result<Measured> {
    let output = Command::new(program()?)
        .args(["plugin", "bench", "--json", "--detections", "8"])
        .arg(component)
        .output()
        .context("cannot run agave")?;
    if !output.status.success() {
        bail!("{}", String::from_utf8_lossy(&output.stderr));
    }
    let mut measured = Measured::new();
    for line in String::from_utf8_lossy(&output.stdout).lines() {
        let line: Value = serde_json::from_str(line)?;
        let text = |key: &str| line.get(key).and_then(Value::as_str).unwrap_or_default();
        let value = line.get("value").and_then(Value::as_f64);
        measured.insert(
            text("metric").to_owned(),
            (
                value.context("a figure without a value")?,
                text("unit").to_owned(),
            ),
        );
    }
    Ok(measured)
}

fn program() -> Result<PathBuf> {
    Ok(std::env::current_exe()?.with_file_name("agave"))
}

fn unit_name(unit: &str) -> &'static str {
    match unit {
        "bytes" => "bytes",
        "ms" => "ms",
        _ => "us",
    }
}

fn size(bytes: f64) -> String {
    let kibibytes = bytes / 1024.0;
    if kibibytes < 1024.0 {
        format!("{kibibytes:.0} KiB")
    } else {
        format!("{:.1} MiB", kibibytes / 1024.0)
    }
}

fn milliseconds(value: f64) -> String {
    if value < 1000.0 {
        format!("{} ms", rounded(value))
    } else {
        format!("{:.1} s", value / 1000.0)
    }
}

/// Two digits are what such figures are worth.
fn rounded(value: f64) -> String {
    match value {
        value if value < 1.0 => format!("{value:.2}"),
        value if value < 10.0 => format!("{value:.1}"),
        value => format!("{value:.0}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The figures of the table are those of one machine on one day; its languages are not.
    #[test]
    fn the_table_in_the_documentation_has_every_language() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let page = std::fs::read_to_string(root.join("docs/plugins.md")).unwrap();
        let (_, table) = page.split_once(HEADING).expect("the heading of the table");
        let rows: Vec<&str> = table
            .trim_start()
            .lines()
            .take_while(|line| line.starts_with('|'))
            .map(|line| line.split('|').nth(1).unwrap_or_default().trim())
            .collect();
        assert_eq!(rows, LANGUAGES.map(|(_, language)| language));
        for folder in std::fs::read_dir(root.join(EXAMPLES)).into_iter().flatten() {
            let folder = folder.unwrap();
            let name = folder.file_name().into_string().unwrap();
            let known = LANGUAGES.iter().any(|(folder, _)| *folder == name);
            assert!(known || !folder.path().is_dir(), "{name} is not measured");
        }
    }
}

//! Builds plugins that are written in JavaScript or TypeScript: esbuild makes one file of the
//! source and what it imports, and componentize-qjs makes a component of that and QuickJS.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use agave_core::Role;
use anyhow::{Context, Result, bail};

use super::{Language, Project, tools, typings, unchanged, world};

const TOOL: &str = "javascript";
/// Of both tools together; raise it with either.
const VERSION: &str = "componentize-qjs-0.4.5-esbuild-0.28.2";
const PACKAGE: &str = include_str!("javascript/package.json");
/// Holds the hash of every file that may be installed.
const PACKAGE_LOCK: &str = include_str!("javascript/package-lock.json");

const ENTRY: &str = include_str!("javascript/entry.js");
const RUNTIME: &str = include_str!("javascript/runtime.js");
const TESTING: &str = include_str!("javascript/testing.js");

/// The component of `project`, whose world is in `wit`.
pub(super) fn build(project: &Project, wit: &Path) -> Result<Vec<u8>> {
    let source = match project.manifest.language {
        Language::Typescript => "plugin.ts",
        _ => "plugin.js",
    };
    if !project.folder.join(source).is_file() {
        bail!("there is no {source} in {}", project.folder.display());
    }
    let build = project.build_folder();
    let types = build.join("types");
    let typings = typings::of(wit)?;
    fs::create_dir_all(&types)
        .and_then(|()| fs::write(build.join("runtime.js"), RUNTIME))
        .and_then(|()| fs::write(build.join("testing.js"), TESTING))
        .and_then(|()| fs::write(build.join("entry.js"), entry(source, project.manifest.role)))
        .and_then(|()| fs::write(types.join("agave.d.ts"), &typings))
        .with_context(|| format!("cannot write to {}", build.display()))?;

    let tools = Tools::find()?;
    tools.bundle(&build)?;
    tools.bundle_tests(project, &build)?;
    // The bundle has all that the component is made of, but its world.
    let bundle = build.join("bundle.js");
    let read =
        |path: &Path| fs::read(path).with_context(|| format!("cannot read {}", path.display()));
    let sources = (VERSION, read(&bundle)?, read(&wit.join("world.wit"))?);
    unchanged::component(&build, sources, |component| {
        tools.componentize(wit, &bundle, component)
    })
}

fn entry(source: &str, role: Role) -> String {
    let functions = match role {
        Role::Filter => r#""process""#,
        Role::Rule => r#""evaluate""#,
        Role::Gate => r#""pass", "tick""#,
        Role::Adapter => r#""deliver""#,
    };
    ENTRY
        .replace("{{source}}", &format!("../{source}"))
        .replace("{{file}}", source)
        .replace("{{role}}", &role.to_string())
        .replace("{{functions}}", functions)
}

/// What a component is made with.
struct Tools {
    node: PathBuf,
    esbuild: PathBuf,
    /// The script that node runs.
    componentize: PathBuf,
}

impl Tools {
    fn find() -> Result<Self> {
        const MISSING: &str = "is missing, and plugins in JavaScript and TypeScript are built with it; on Debian: \
                               apt-get install nodejs npm";
        let node = program("AGAVE_NODE", "node").with_context(|| format!("Node.js {MISSING}"))?;
        let folder = tools::installed(TOOL, VERSION, "npm", |folder| {
            let npm = program("AGAVE_NPM", "npm").with_context(|| format!("npm {MISSING}"))?;
            fs::create_dir_all(folder)
                .and_then(|()| fs::write(folder.join("package.json"), PACKAGE))
                .and_then(|()| fs::write(folder.join("package-lock.json"), PACKAGE_LOCK))
                .with_context(|| format!("cannot write to {}", folder.display()))?;
            // Scripts of packages are not needed, and so not run.
            tools::run(
                Command::new(npm)
                    .args([
                        "ci",
                        "--ignore-scripts",
                        "--no-audit",
                        "--no-fund",
                        "--loglevel=error",
                    ])
                    .current_dir(folder),
            )
        })?;
        let modules = folder.join("node_modules");
        Ok(Self {
            node,
            esbuild: esbuild(&modules)
                .with_context(|| format!("{} is damaged; delete it", folder.display()))?,
            componentize: modules.join("componentize-qjs/bin/componentize-qjs"),
        })
    }

    /// One file of the plugin and all that it imports, but what the host gives.
    fn bundle(&self, build: &Path) -> Result<()> {
        tools::compile(
            self.esbuild()
                .arg(build.join("entry.js"))
                .args([
                    "--platform=neutral",
                    "--main-fields=module,main",
                    "--target=es2023",
                ])
                .args([
                    "--external:agave:*",
                    "--log-level=warning",
                    "--legal-comments=none",
                ])
                .arg(format!("--outfile={}", build.join("bundle.js").display())),
        )
    }

    /// The unit tests beside the source, with `testing.js` in the place of the host.
    fn bundle_tests(&self, project: &Project, build: &Path) -> Result<()> {
        let mut tests = Vec::new();
        let entries = fs::read_dir(&project.folder)
            .with_context(|| format!("cannot read {}", project.folder.display()))?;
        for entry in entries {
            let path = entry?.path();
            let name = path
                .file_name()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned();
            if [".test.js", ".test.mjs", ".test.ts"]
                .iter()
                .any(|end| name.ends_with(end))
            {
                tests.push(path);
            }
        }
        if tests.is_empty() {
            return Ok(());
        }
        tests.sort();
        let mut esbuild = self.esbuild();
        esbuild
            .args(tests)
            .args([
                "--platform=node",
                "--out-extension:.js=.mjs",
                "--log-level=warning",
            ])
            .arg(format!("--outdir={}", build.join("tests").display()));
        let testing = build.join("testing.js");
        let testing = testing.canonicalize().unwrap_or(testing);
        let host = world::INTERFACES
            .iter()
            .map(|name| format!("agave:plugin/{name}@0.1.0"));
        for module in host.chain(["agave:testing".to_owned()]) {
            esbuild.arg(format!("--alias:{module}={}", testing.display()));
        }
        tools::compile(&mut esbuild)
    }

    fn esbuild(&self) -> Command {
        let mut command = Command::new(&self.esbuild);
        command.args(["--bundle", "--format=esm"]);
        command
    }

    fn componentize(&self, wit: &Path, bundle: &Path, component: &Path) -> Result<()> {
        tools::run(
            Command::new(&self.node)
                .arg(&self.componentize)
                .args(["--sync", "--stub-wasi", "--world", world::WORLD, "--wit"])
                .arg(wit)
                .arg("--js")
                .arg(bundle)
                .arg("--output")
                .arg(component),
        )
    }
}

/// The program that the environment variable names, or the one on PATH.
fn program(variable: &str, name: &str) -> Option<PathBuf> {
    let named = std::env::var_os(variable).filter(|value| !value.is_empty());
    named.map(PathBuf::from).or_else(|| tools::on_path(name))
}

/// Esbuild itself, which is in a package for each platform, of which npm installs one.
fn esbuild(modules: &Path) -> Result<PathBuf> {
    let platform = fs::read_dir(modules.join("@esbuild"))?.next();
    Ok(platform
        .context("esbuild is missing")??
        .path()
        .join("bin/esbuild"))
}

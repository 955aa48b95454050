//! System packages: what is needed, whether it is there, and apt for what is not.

use std::collections::BTreeSet;
use std::process::Command;

use anyhow::{Result, bail};

use crate::paths::Paths;
use crate::shell;

/// Something that packages of the distribution provide.
#[derive(Clone, Copy)]
pub(crate) struct Need {
    /// What it is for, for a person whose distribution calls it something else.
    what: &'static str,
    /// Names in Debian and Ubuntu; where the first set does not exist, the next one will do.
    packages: &'static [&'static [&'static str]],
    /// A command that succeeds where it is there, for machines without dpkg.
    probe: &'static [&'static str],
    /// Whether the probe decides on every machine: what did not come from a package will do, and
    /// a package that is too old will not.
    from_anywhere: bool,
}

/// What building and running needs.
pub(crate) const HOST: [Need; 4] = [
    Need {
        what: "FFmpeg's libraries with headers",
        packages: &[&[
            "libavcodec-dev",
            "libavdevice-dev",
            "libavfilter-dev",
            "libavformat-dev",
            "libavutil-dev",
            "libswresample-dev",
            "libswscale-dev",
        ]],
        probe: &[
            "pkg-config",
            "--exists",
            "libavcodec",
            "libavformat",
            "libavutil",
            "libswscale",
        ],
        from_anywhere: false,
    },
    Need {
        what: "libclang, for the bindings to FFmpeg",
        packages: &[&["libclang-14-dev", "clang-14"], &["libclang-dev", "clang"]],
        probe: &["clang", "--version"],
        from_anywhere: false,
    },
    Need {
        what: "pkg-config",
        packages: &[&["pkg-config"]],
        probe: &["pkg-config", "--version"],
        from_anywhere: false,
    },
    Need {
        what: "Python 3, to fetch and unpack ONNX Runtime",
        packages: &[&["python3"]],
        probe: &["python3", "--version"],
        from_anywhere: false,
    },
];

/// The real servers and tools that the tests run against.
pub(crate) const SERVERS: [Need; 8] = [
    Need {
        what: "GStreamer's RTSP server with its Python bindings",
        packages: &[&[
            "python3-gi",
            "gir1.2-gst-rtsp-server-1.0",
            "gstreamer1.0-rtsp",
            "gstreamer1.0-plugins-base",
            "gstreamer1.0-plugins-good",
            "gstreamer1.0-plugins-bad",
            "gstreamer1.0-plugins-ugly",
        ]],
        probe: &[
            "/usr/bin/python3",
            "-c",
            "import gi; gi.require_version('GstRtspServer', '1.0')",
        ],
        from_anywhere: false,
    },
    Need {
        what: "the ffmpeg program",
        packages: &[&["ffmpeg"]],
        probe: &["ffmpeg", "-version"],
        from_anywhere: false,
    },
    Need {
        what: "the MQTT broker Mosquitto with its tools",
        packages: &[&["mosquitto", "mosquitto-clients"]],
        probe: &["mosquitto_sub", "--help"],
        from_anywhere: false,
    },
    Need {
        what: "a clock that can be set back",
        packages: &[&["faketime"]],
        probe: &["faketime", "-v"],
        from_anywhere: true,
    },
    Need {
        what: "the PostgreSQL server",
        packages: &[&["postgresql"]],
        probe: &[
            "sh",
            "-c",
            "PATH=\"$(ls -d /usr/lib/postgresql/*/bin | tail -n 1):$PATH\" initdb --version",
        ],
        from_anywhere: true,
    },
    Need {
        what: "the web servers lighttpd and Apache",
        packages: &[&["lighttpd", "apache2-bin"]],
        probe: &["sh", "-c", "/usr/sbin/lighttpd -v && /usr/sbin/apache2 -v"],
        from_anywhere: false,
    },
    Need {
        what: "the browser Chromium, for the tests of the page",
        packages: &[&["chromium"]],
        probe: &["chromium", "--version"],
        from_anywhere: false,
    },
    Need {
        what: "the openssl program, for certificates",
        packages: &[&["openssl"]],
        probe: &["openssl", "version"],
        from_anywhere: false,
    },
];

/// Builds plugins in C.
pub(crate) const C: Need = Need {
    what: "clang for WebAssembly with its linker and C library",
    packages: &[
        &["clang-14", "lld", "wasi-libc", "libclang-rt-14-dev-wasm32"],
        &[
            "clang-19",
            "lld-19",
            "wasi-libc",
            "libclang-rt-19-dev-wasm32",
        ],
        &["clang", "lld", "wasi-libc", "libclang-rt-18-dev-wasm32"],
    ],
    probe: &["wasm-ld", "--version"],
    from_anywhere: false,
};

/// Builds plugins in C++, whose bindings want a newer library than Debian 12's first choice.
pub(crate) const CPP: Need = Need {
    what: "clang++ 17 or newer for WebAssembly with its libraries",
    packages: &[&[
        "clang-19",
        "lld-19",
        "wasi-libc",
        "libclang-rt-19-dev-wasm32",
        "libc++-19-dev-wasm32",
        "libc++abi-19-dev-wasm32",
        "g++",
    ]],
    probe: &["clang++", "--version"],
    from_anywhere: false,
};

/// Gives the tools of some languages an environment of their own.
pub(crate) const VENV: Need = Need {
    what: "Python 3.10 or newer with venv",
    packages: &[&["python3-venv"]],
    probe: &[
        "python3",
        "-c",
        "import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 10))",
    ],
    from_anywhere: true,
};

/// Builds plugins in JavaScript and TypeScript; the rest comes from npm when one is built.
pub(crate) const NODE: Need = Need {
    what: "Node.js 18 or newer with npm",
    packages: &[&["nodejs", "npm"]],
    probe: &[
        "sh",
        "-c",
        "node -e 'process.exit(parseInt(process.versions.node) >= 18 ? 0 : 1)' && npm --version",
    ],
    from_anywhere: true,
};

/// Fetches ONNX Runtime.
pub(crate) const PIP: Need = Need {
    what: "pip",
    packages: &[&["python3-pip"]],
    probe: &["python3", "-m", "pip", "--version"],
    from_anywhere: false,
};

/// Builds plugins where rustup cannot add the target.
pub(crate) const WASM: Need = Need {
    what: "Rust for WebAssembly",
    packages: &[&["rustc-web", "rust-web-src", "lld"]],
    probe: &["false"],
    from_anywhere: false,
};

/// Whether `need` is met.
pub(crate) fn is_there(need: Need) -> bool {
    Machine::look(&[need]).lacks(&need).is_none()
}

/// Installs what is missing of `needs`, and says whether there was anything.
pub(crate) fn install(needs: &[Need], paths: &Paths) -> Result<bool> {
    let machine = Machine::look(needs);
    let missing: Vec<&Need> = needs
        .iter()
        .filter(|need| machine.lacks(need).is_some())
        .collect();
    if missing.is_empty() {
        return Ok(false);
    }
    missing
        .iter()
        .try_for_each(|need| machine.has_no_outdated(need))?;
    let names = |choose: &dyn Fn(&Need) -> Vec<&'static str>| {
        let names: Vec<&str> = missing.iter().flat_map(|need| choose(need)).collect();
        names.join(" ")
    };
    let wanted = names(&|need| machine.lacks(need).unwrap_or_default());
    if !shell::succeeds(&["apt-get", "--version"]) {
        let list: Vec<String> = missing
            .iter()
            .map(|need| {
                let packages = machine.lacks(need).unwrap_or_default().join(" ");
                format!("  {} (Debian: {packages})", need.what)
            })
            .collect();
        bail!(
            "there is no apt here, so please install these and run this again:\n{}",
            list.join("\n")
        );
    }
    let root = shell::output(Command::new("id").arg("-u")).as_deref() == Some("0");
    if !root && !shell::succeeds(&["sudo", "--version"]) {
        bail!(
            "packages are missing and there is no sudo here; as root, please run\n  apt-get install {wanted}"
        );
    }

    eprintln!("setup: with apt come {wanted}");
    let log = paths.cache.join("setup.log");
    shell::run_quietly(apt(root).args(["update", "--quiet"]), &log)?;
    let available = names(&|need| machine.without_installed(available(need)));
    if available != wanted {
        eprintln!("setup: here that is {available}");
    }
    shell::run_quietly(
        apt(root)
            .args(["install", "--yes", "--quiet", "--no-install-recommends"])
            .args(available.split(' ')),
        &log,
    )?;
    let machine = Machine::look(needs);
    let mut missing = needs.iter().filter(|need| machine.lacks(need).is_some());
    missing.try_for_each(|need| machine.has_no_outdated(need))?;
    Ok(true)
}

/// What is installed, as far as it was asked for.
struct Machine {
    /// Nothing where there is no dpkg to say.
    packages: Option<BTreeSet<String>>,
}

impl Machine {
    fn look(needs: &[Need]) -> Self {
        let names = needs
            .iter()
            .flat_map(|need| need.packages.iter().copied().flatten());
        // It fails when it does not know one of the names, and prints the others all the same.
        let answer = Command::new("dpkg-query")
            .args(["--show", "--showformat", "${db:Status-Status} ${Package}\n"])
            .args(names)
            .output();
        let packages = answer.ok().map(|output| {
            String::from_utf8_lossy(&output.stdout)
                .lines()
                .filter_map(|line| line.strip_prefix("installed "))
                .map(str::to_owned)
                .collect()
        });
        Self { packages }
    }

    /// The packages that are missing for `need`, of its first choice; nothing when it is met.
    fn lacks(&self, need: &Need) -> Option<Vec<&'static str>> {
        let met = match &self.packages {
            Some(_) if !need.from_anywhere => need
                .packages
                .iter()
                .any(|set| self.without_installed(set).is_empty()),
            _ => shell::succeeds(need.probe),
        };
        let first = need.packages.first().copied().unwrap_or_default();
        (!met).then(|| self.without_installed(first))
    }

    /// Fails when all packages for `need`, which is not met, are installed: more of them do not
    /// help.
    fn has_no_outdated(&self, need: &Need) -> Result<()> {
        let packages = need.packages.first().copied().unwrap_or_default();
        if self.without_installed(packages).is_empty() {
            bail!(
                "{} is needed, and what is found here is not that, although {} is installed; please get it from its makers, put it first in PATH, and run this again",
                need.what,
                packages.join(" and ")
            );
        }
        Ok(())
    }

    fn without_installed(&self, names: &[&'static str]) -> Vec<&'static str> {
        let installed = |name: &str| {
            let packages = self.packages.as_ref();
            packages.is_some_and(|packages| packages.contains(name))
        };
        names
            .iter()
            .copied()
            .filter(|name| !installed(name))
            .collect()
    }
}

/// The first set of packages that this distribution has, or the first if it has none, so that
/// apt says what it cannot find.
fn available(need: &Need) -> &'static [&'static str] {
    let has = |name: &&str| shell::succeeds(&["apt-cache", "show", name]);
    let found = need.packages.iter().find(|set| set.iter().all(has));
    found.or(need.packages.first()).copied().unwrap_or_default()
}

fn apt(root: bool) -> Command {
    let mut command = Command::new(if root { "env" } else { "sudo" });
    if !root {
        command.arg("env");
    }
    command.args(["DEBIAN_FRONTEND=noninteractive", "apt-get"]);
    command
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_no_distribution_has_is_missing() {
        let need = Need {
            what: "nothing",
            packages: &[&["no-such-package-anywhere"]],
            probe: &["false"],
            from_anywhere: false,
        };
        assert!(!is_there(need));
    }

    #[test]
    fn a_package_that_is_too_old_is_said_to_be() {
        let need = Need {
            what: "a newer Node.js",
            packages: &[&["nodejs"]],
            probe: &["false"],
            from_anywhere: true,
        };
        let with = |names: &[&str]| Machine {
            packages: Some(names.iter().map(|&name| name.to_owned()).collect()),
        };
        let old = with(&["nodejs"]);
        assert_eq!(old.lacks(&need), Some(vec![]));
        let said = old.has_no_outdated(&need).unwrap_err().to_string();
        assert!(said.contains("a newer Node.js"), "{said}");
        let none = with(&[]);
        assert_eq!(none.lacks(&need), Some(vec!["nodejs"]));
        assert!(none.has_no_outdated(&need).is_ok());
    }
}

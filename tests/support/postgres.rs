//! A PostgreSQL server of the test's own, which can be taken away, frozen and brought back.

use std::fs;
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use rustix::process::{Pid, Signal, getuid, kill_process};
use tempfile::TempDir;

use crate::broker::write_certificates;
use crate::web::wait_for_port;
use crate::{Process, free_port};

/// Whom the server is run as by root: it refuses root itself.
const NOBODY: u32 = 65534;
/// Who may log in.
const USER: &str = "watch";
const PASSWORD: &str = "top/secret";

/// A server with the database `postgres`.
pub struct Postgres {
    process: Option<Process>,
    folder: TempDir,
    port: u16,
    tls: bool,
}

impl Postgres {
    /// Starts one; with `tls` it has a certificate of an authority of its own for `localhost`.
    ///
    /// # Errors
    /// When it is not installed or does not start.
    pub fn start(tls: bool) -> Result<Self> {
        let mut postgres = Self::prepared(tls)?;
        postgres.come_back()?;
        Ok(postgres)
    }

    /// One that has its place and is not there yet.
    ///
    /// # Errors
    /// When it is not installed.
    pub fn prepared(tls: bool) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let data = folder.path().join("data");
        let password = folder.path().join("password");
        fs::write(&password, PASSWORD)?;
        give_away(folder.path())?;
        give_away(&password)?;
        let mut command = as_nobody(&program("initdb")?);
        command
            .args(["--username", USER, "--auth=scram-sha-256", "--no-sync"])
            .args(["--encoding=UTF8", "--locale=C", "--pwfile"])
            .arg(&password)
            .arg("--pgdata")
            .arg(&data)
            .current_dir(folder.path());
        let made = command.output().context("cannot start initdb")?;
        let complaint = String::from_utf8_lossy(&made.stderr);
        ensure!(made.status.success(), "initdb failed: {complaint}");
        if tls {
            write_certificates(folder.path())?;
            for file in ["server.pem", "server.key"] {
                let file = folder.path().join(file);
                fs::set_permissions(&file, fs::Permissions::from_mode(0o600))?;
                give_away(&file)?;
            }
        }
        Ok(Self {
            process: None,
            port: free_port()?,
            folder,
            tls,
        })
    }

    /// Starts it again on its port.
    ///
    /// # Errors
    /// When it does not start.
    pub fn come_back(&mut self) -> Result<()> {
        let path = self.folder.path().display();
        let mut settings = vec![
            format!("port={}", self.port),
            "listen_addresses=127.0.0.1".to_owned(),
            "unix_socket_directories=".to_owned(),
        ];
        if self.tls {
            settings.push("ssl=on".to_owned());
            settings.push(format!("ssl_cert_file={path}/server.pem"));
            settings.push(format!("ssl_key_file={path}/server.key"));
        }
        let mut command = as_nobody(&program("postgres")?);
        command.arg("-D").arg(self.folder.path().join("data"));
        for setting in settings {
            command.args(["-c", &setting]);
        }
        command.current_dir(self.folder.path());
        self.process = Some(Process::start("postgres", &mut command)?);
        wait_for_port("postgres", self.port)
    }

    /// Takes it away at once, as a power cut would.
    ///
    /// # Errors
    /// When it cannot be ended.
    pub fn go_away(&mut self) -> Result<()> {
        self.signal_all(Signal::KILL)?;
        match self.process.take() {
            Some(mut process) => process.kill(),
            None => Ok(()),
        }
    }

    /// Lets it end in good order, which ends what is going on, and starts it again.
    ///
    /// # Errors
    /// When it does not do that.
    pub fn restart(&mut self) -> Result<()> {
        let process = self.process.take().context("it does not run")?;
        process.signal(Signal::INT)?;
        process.finish(std::time::Duration::from_secs(30))?;
        self.come_back()
    }

    /// Makes it stop in the middle of whatever it does, connections and all.
    ///
    /// # Errors
    /// When it does not run.
    pub fn freeze(&self) -> Result<()> {
        self.signal_all(Signal::STOP)
    }

    /// Lets it go on.
    ///
    /// # Errors
    /// When it does not run.
    pub fn thaw(&self) -> Result<()> {
        self.signal_all(Signal::CONT)
    }

    /// Its address, with another password or database where one is given.
    #[must_use]
    pub fn url(&self, password: Option<&str>, database: &str) -> String {
        let password = password.unwrap_or(PASSWORD).replace('/', "%2F");
        let port = self.port;
        format!("postgres://{USER}:{password}@localhost:{port}/{database}")
    }

    /// The first column of each row of the answer to `query`.
    ///
    /// # Errors
    /// When it does not answer.
    pub fn ask(&self, query: &str) -> Result<Vec<String>> {
        let mut command = Command::new(program("psql")?);
        command.args([
            "--no-psqlrc",
            "--tuples-only",
            "--no-align",
            "--command",
            query,
        ]);
        command.arg(self.url(None, "postgres"));
        let output = command.env("PGCONNECT_TIMEOUT", "5").output()?;
        let complaint = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "psql failed: {complaint}");
        let answer = String::from_utf8_lossy(&output.stdout);
        Ok(answer.lines().map(str::to_owned).collect())
    }

    /// The certificate of its authority, where it has one.
    #[must_use]
    pub fn authority(&self) -> PathBuf {
        self.folder.path().join("ca.pem")
    }

    /// Sends a signal to the server and the processes of its connections.
    fn signal_all(&self, signal: Signal) -> Result<()> {
        let file = self.folder.path().join("data/postmaster.pid");
        let file = fs::read_to_string(file).context("it does not run")?;
        let first = file.lines().next().context("its file is empty")?;
        let server: i32 = first.trim().parse()?;
        for process in children_of(server)?.into_iter().chain([server]) {
            // One that has ended meanwhile need not be told.
            if let Some(process) = Pid::from_raw(process) {
                let _ = kill_process(process, signal);
            }
        }
        Ok(())
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        let _ = self.signal_all(Signal::KILL);
    }
}

/// The processes that `parent` has started.
fn children_of(parent: i32) -> Result<Vec<i32>> {
    let mut children = Vec::new();
    for entry in fs::read_dir("/proc")?.flatten() {
        let name = entry.file_name();
        let Some(process) = name.to_str().and_then(|name| name.parse::<i32>().ok()) else {
            continue;
        };
        let Ok(stat) = fs::read_to_string(entry.path().join("stat")) else {
            continue;
        };
        // The name in parentheses may have spaces; behind it are the state and the parent.
        let behind = stat.rsplit_once(") ").map(|(_, behind)| behind);
        let of = behind.and_then(|behind| behind.split(' ').nth(1)?.parse::<i32>().ok());
        if of == Some(parent) {
            children.push(process);
        }
    }
    Ok(children)
}

/// Debian keeps the server's programs out of the way, a folder for each version.
fn program(name: &str) -> Result<PathBuf> {
    let mut places: Vec<PathBuf> = fs::read_dir("/usr/lib/postgresql")
        .map(|versions| {
            let versions = versions.flatten();
            versions.map(|version| version.path().join("bin")).collect()
        })
        .unwrap_or_default();
    places.sort();
    places.reverse();
    let path = std::env::var_os("PATH").unwrap_or_default();
    places.extend(std::env::split_paths(&path));
    let found = places.iter().map(|place| place.join(name));
    let found = found.into_iter().find(|file| file.is_file());
    found.with_context(|| format!("{name} is not installed (Debian: postgresql)"))
}

fn is_root() -> bool {
    getuid().is_root()
}

fn as_nobody(program: &Path) -> Command {
    let mut command = Command::new(program);
    if is_root() {
        command.uid(NOBODY).gid(NOBODY);
    }
    command
}

fn give_away(path: &Path) -> Result<()> {
    if is_root() {
        chown(path, Some(NOBODY), Some(NOBODY))?;
    }
    Ok(())
}

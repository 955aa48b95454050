//! Mosquitto, with or without passwords and TLS, and somebody who listens to it.

use std::collections::VecDeque;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use tempfile::TempDir;

use crate::web::{User, wait_for_port};
use crate::{Counterpart, Process, Signal, Taken, free_port};

/// How long a message may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// How a broker is set up.
#[derive(Clone, Copy, Debug, Default)]
pub struct BrokerOptions<'a> {
    /// Nobody else may log in.
    pub user: Option<User<'a>>,
    /// With a certificate of an authority of its own for `localhost`.
    pub tls: bool,
}

/// A broker that can be taken away and come back on its port.
pub struct Mosquitto {
    process: Option<Process>,
    folder: TempDir,
    port: u16,
    tls: bool,
}

impl Mosquitto {
    /// Starts one.
    ///
    /// # Errors
    /// When it is not installed or does not start.
    pub fn start(options: BrokerOptions<'_>) -> Result<Self> {
        Self::launch(options, false)
    }

    /// Starts one for everybody that prints each message which it gets.
    ///
    /// # Errors
    /// When it is not installed or does not start.
    pub fn telling() -> Result<Self> {
        Self::launch(BrokerOptions::default(), true)
    }

    fn launch(options: BrokerOptions<'_>, tells: bool) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let port = free_port()?;
        let path = folder.path().display();
        let mut configuration = format!("listener {port} 127.0.0.1\npersistence false\n");
        match options.user {
            Some(user) => {
                write_password(folder.path(), user)?;
                configuration += "allow_anonymous false\n";
                configuration += &format!("password_file {path}/passwords\n");
            }
            None => configuration += "allow_anonymous true\n",
        }
        if options.tls {
            write_certificates(folder.path())?;
            configuration += &format!("certfile {path}/server.pem\nkeyfile {path}/server.key\n");
        }
        if tells {
            configuration += "log_type debug\n";
        }
        configuration += "log_dest stderr\n";
        // Started by root it becomes somebody who cannot read the folder.
        configuration += "user root\n";
        fs::write(folder.path().join("mosquitto.conf"), configuration)?;
        let mut broker = Self {
            process: None,
            folder,
            port,
            tls: options.tls,
        };
        broker.come_back()?;
        Ok(broker)
    }

    /// Takes it away at once, as a power cut would.
    ///
    /// # Errors
    /// When it cannot be ended.
    pub fn go_away(&mut self) -> Result<()> {
        match self.process.take() {
            Some(mut process) => process.kill(),
            None => Ok(()),
        }
    }

    /// Starts it again on its port.
    ///
    /// # Errors
    /// When it does not start.
    pub fn come_back(&mut self) -> Result<()> {
        // What it tells is read with what it prints.
        let mut command = Command::new("sh");
        command
            .args(["-c", "exec /usr/sbin/mosquitto -c \"$0\" 2>&1"])
            .arg(self.folder.path().join("mosquitto.conf"));
        self.process = Some(Process::start("mosquitto", &mut command)?);
        wait_for_port("mosquitto", self.port)
    }

    /// Its address.
    #[must_use]
    pub fn url(&self) -> String {
        if self.tls {
            format!("mqtts://localhost:{}", self.port)
        } else {
            format!("mqtt://127.0.0.1:{}", self.port)
        }
    }

    /// The certificate of its authority, where it has one.
    #[must_use]
    pub fn authority(&self) -> std::path::PathBuf {
        self.folder.path().join("ca.pem")
    }

    /// What it keeps on a topic for those who come later.
    ///
    /// # Errors
    /// When there is nothing.
    pub fn retained(&self, topic: &str) -> Result<Vec<u8>> {
        let seconds = PATIENCE.as_secs().to_string();
        let mut command = Command::new("mosquitto_sub");
        command.args(["-h", "127.0.0.1", "-p", &self.port.to_string(), "-t", topic]);
        // One message as it is, and no line end behind it.
        command.args(["--retained-only", "-C", "1", "-N", "-W", &seconds]);
        let heard = command.output().context("cannot start mosquitto_sub")?;
        ensure!(heard.status.success(), "nothing is kept on {topic}");
        Ok(heard.stdout)
    }

    /// Somebody who hears everything that is published from now on.
    ///
    /// # Errors
    /// When it cannot subscribe.
    pub fn listener(&self, user: Option<User<'_>>) -> Result<Listener> {
        let mut command = Command::new("mosquitto_sub");
        command.args(["-p", &self.port.to_string(), "-q", "2", "-v"]);
        command.args(["-t", "#", "-t", "$SYS/broker/version"]);
        if self.tls {
            command.args(["-h", "localhost", "--cafile"]);
            command.arg(self.authority());
        } else {
            command.args(["-h", "127.0.0.1"]);
        }
        if let Some(User { name, password }) = user {
            command.args(["-u", name, "-P", password]);
        }
        let mut process = Process::start("mosquitto_sub", &mut command)?;
        // What the broker keeps for everybody says that the subscription is there.
        let mut heard = VecDeque::new();
        loop {
            let line = process.line("its subscription", PATIENCE)?;
            let line = line.context("the listener cannot subscribe")?;
            if line.starts_with("$SYS/broker/version") {
                return Ok(Listener { process, heard });
            }
            heard.push_back(line);
        }
    }
}

impl Counterpart for Mosquitto {
    /// The last level of the topic is the key.
    fn next(&mut self, within: Duration) -> Result<Option<Taken>> {
        let deadline = Instant::now() + within;
        let process = self.process.as_mut().context("the broker is away")?;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let Ok(Some(line)) = process.line("a message", left) else {
                return Ok(None);
            };
            let topic = line.split_once("Received PUBLISH").and_then(|(_, rest)| {
                let (_, from) = rest.split_once('\'')?;
                from.split_once('\'').map(|(topic, _)| topic)
            });
            if let Some((_, key)) = topic.and_then(|topic| topic.rsplit_once('/')) {
                return Ok(Some(Taken {
                    key: key.to_owned(),
                    body: String::new(),
                }));
            }
        }
    }

    fn signal(&self, signal: Signal) -> Result<()> {
        let process = self.process.as_ref();
        process.context("the broker is away")?.signal(signal)
    }

    fn come_back(&mut self) -> Result<()> {
        self.go_away()?;
        Self::come_back(self)
    }
}

/// Hears what is published.
pub struct Listener {
    process: Process,
    heard: VecDeque<String>,
}

impl Listener {
    /// The next message, as `TOPIC PAYLOAD`.
    ///
    /// # Errors
    /// When there is none.
    pub fn message(&mut self) -> Result<String> {
        if let Some(message) = self.heard.pop_front() {
            return Ok(message);
        }
        let message = self.process.line("a message", PATIENCE)?;
        message.context("the listener is gone")
    }
}

fn write_password(folder: &Path, User { name, password }: User<'_>) -> Result<()> {
    let file = folder.join("passwords");
    fs::write(&file, format!("{name}:{password}\n"))?;
    // Hashes what is in the file.
    run(Command::new("mosquitto_passwd").arg("-U").arg(file))
}

/// An authority, and a certificate of it for `localhost`.
pub(crate) fn write_certificates(folder: &Path) -> Result<()> {
    let openssl = |arguments: &[&str]| {
        let mut command = Command::new("openssl");
        command.current_dir(folder).args(arguments);
        run(&mut command)
    };
    let key = [
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:P-256",
        "-nodes",
    ];
    let authority = ["req", "-x509", "-subj", "/CN=Test CA", "-days", "2"];
    let files = ["-keyout", "ca.key", "-out", "ca.pem"];
    openssl(&[&authority[..], &key, &files].concat())?;
    let request = ["req", "-new", "-subj", "/CN=localhost"];
    let files = ["-keyout", "server.key", "-out", "server.csr"];
    openssl(&[&request[..], &key, &files].concat())?;
    fs::write(folder.join("names"), "subjectAltName=DNS:localhost\n")?;
    openssl(&[
        "x509",
        "-req",
        "-in",
        "server.csr",
        "-CA",
        "ca.pem",
        "-CAkey",
        "ca.key",
        "-CAcreateserial",
        "-days",
        "2",
        "-extfile",
        "names",
        "-out",
        "server.pem",
    ])
}

fn run(command: &mut Command) -> Result<()> {
    let output = command
        .output()
        .with_context(|| format!("cannot start {command:?}"))?;
    let complaint = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{command:?} failed: {complaint}");
    Ok(())
}

//! Web servers as people run them, with logins: lighttpd for Basic and both Digests, Apache for
//! nonces that expire.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use rustix::process::geteuid;
use tempfile::TempDir;

use crate::{Process, free_port};

const START_LIMIT: Duration = Duration::from_secs(20);
const POLL: Duration = Duration::from_millis(20);

/// A web server with the pages `basic/`, `md5/` and `sha-256/`, each behind that login.
pub struct WebServer {
    _process: Process,
    folder: TempDir,
    port: u16,
}

/// The one user of a server.
#[derive(Clone, Copy, Debug)]
pub struct User<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its password.
    pub password: &'a str,
}

impl WebServer {
    /// Starts lighttpd.
    ///
    /// # Errors
    /// When it is not installed or does not start.
    pub fn lighttpd(user: User<'_>) -> Result<Self> {
        Self::start(user, |folder, port| {
            let file = folder.join("lighttpd.conf");
            fs::write(&file, lighttpd_configuration(folder, port))?;
            let mut command = Command::new("/usr/sbin/lighttpd");
            command.arg("-D").arg("-f").arg(file);
            Ok(("lighttpd", command))
        })
    }

    /// Starts Apache, whose nonces live for so many seconds. It has no SHA-256.
    ///
    /// # Errors
    /// When it is not installed or does not start.
    pub fn apache(user: User<'_>, nonce_seconds: u32) -> Result<Self> {
        Self::start(user, |folder, port| {
            let file = folder.join("apache.conf");
            fs::write(&file, apache_configuration(folder, port, nonce_seconds))?;
            let mut command = Command::new("/usr/sbin/apache2");
            // One process: others would outlive it.
            command.arg("-X").arg("-f").arg(file);
            Ok(("apache", command))
        })
    }

    fn start(
        user: User<'_>,
        configure: impl FnOnce(&Path, u16) -> Result<(&'static str, Command)>,
    ) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        // A server that was started by root reads its pages as somebody else.
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755))?;
        for page in ["basic", "md5", "sha-256"] {
            let page = folder.path().join("pages").join(page);
            fs::create_dir_all(&page)?;
            fs::write(page.join("index.html"), "logged in")?;
        }
        write_users(folder.path(), user)?;
        let port = free_port()?;
        let (name, mut command) = configure(folder.path(), port)?;
        let process = Process::start(name, &mut command)?;
        wait_for_port(name, port)?;
        Ok(Self {
            _process: process,
            folder,
            port,
        })
    }

    /// Scheme, host and port.
    #[must_use]
    pub fn origin(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Of every request so far its status and the value of its `Authorization`, or `-`.
    ///
    /// # Errors
    /// When its log cannot be read, or has fewer than `wanted` lines for too long.
    pub fn requests(&self, wanted: usize) -> Result<Vec<(u16, String)>> {
        let deadline = Instant::now() + START_LIMIT;
        loop {
            let log = fs::read_to_string(self.folder.path().join("access")).unwrap_or_default();
            let lines: Vec<&str> = log.lines().collect();
            if lines.len() >= wanted {
                return lines.into_iter().map(parsed).collect();
            }
            if Instant::now() > deadline {
                bail!("{} requests were logged and not {wanted}", lines.len());
            }
            std::thread::sleep(POLL);
        }
    }
}

fn parsed(line: &str) -> Result<(u16, String)> {
    let (status, login) = line.split_once(' ').context("a line without a login")?;
    Ok((status.parse()?, login.to_owned()))
}

/// Waits until somebody listens on `port`.
pub(crate) fn wait_for_port(name: &str, port: u16) -> Result<()> {
    let deadline = Instant::now() + START_LIMIT;
    while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
        if Instant::now() > deadline {
            bail!("{name} does not listen on {port}");
        }
        std::thread::sleep(POLL);
    }
    Ok(())
}

/// Passwords as the servers' own tools write them, which would need a terminal.
fn write_users(folder: &Path, User { name, password }: User<'_>) -> Result<()> {
    fs::write(folder.join("plain"), format!("{name}:{password}\n"))?;
    for (file, tool) in [("md5", "md5sum"), ("sha-256", "sha256sum")] {
        let proof = folder.join("proof");
        fs::write(&proof, format!("{name}:cameras:{password}"))?;
        let output = Command::new(tool).arg(&proof).output()?;
        let output = String::from_utf8(output.stdout)?;
        let digest = output.split(' ').next().unwrap_or_default();
        fs::write(folder.join(file), format!("{name}:cameras:{digest}\n"))?;
        fs::remove_file(proof)?;
    }
    Ok(())
}

fn lighttpd_configuration(folder: &Path, port: u16) -> String {
    let folder = folder.display();
    let digest = |page: &str, algorithm: &str| {
        format!(
            r#"$HTTP["url"] =~ "^/{page}/" {{
                auth.backend = "htdigest"
                auth.backend.htdigest.userfile = "{folder}/{page}"
                auth.require = ("" => ("method" => "digest", "algorithm" => "{algorithm}",
                    "realm" => "cameras", "require" => "valid-user"))
            }}"#
        )
    };
    format!(
        r#"server.modules = ("mod_auth", "mod_authn_file", "mod_accesslog", "mod_indexfile")
        server.document-root = "{folder}/pages"
        server.bind = "127.0.0.1"
        server.port = {port}
        server.errorlog = "{folder}/errors"
        accesslog.filename = "{folder}/access"
        accesslog.format = "%s %{{Authorization}}i"
        index-file.names = ("index.html")
        $HTTP["url"] =~ "^/basic/" {{
            auth.backend = "plain"
            auth.backend.plain.userfile = "{folder}/plain"
            auth.require = ("" => ("method" => "basic", "realm" => "cameras",
                "require" => "valid-user"))
        }}
        {}
        {}
        "#,
        digest("md5", "MD5"),
        digest("sha-256", "SHA-256"),
    )
}

fn apache_configuration(folder: &Path, port: u16, nonce_seconds: u32) -> String {
    let folder = folder.display();
    let modules = [
        "mpm_event",
        "authn_core",
        "authn_file",
        "authz_core",
        "authz_user",
        "auth_digest",
        "dir",
    ]
    .map(|name| format!("LoadModule {name}_module /usr/lib/apache2/modules/mod_{name}.so\n"))
    .concat();
    // Apache refuses to serve as root.
    let somebody = if geteuid().is_root() {
        "User nobody\nGroup nogroup\n"
    } else {
        ""
    };
    format!(
        r#"ServerRoot "{folder}"
{modules}{somebody}ServerName localhost
Listen 127.0.0.1:{port}
PidFile {folder}/pid
ErrorLog {folder}/errors
DefaultRuntimeDir {folder}
Mutex sem
DocumentRoot {folder}/pages
DirectoryIndex index.html
LogFormat "%>s %{{Authorization}}i" plain
CustomLog {folder}/access plain
<Directory {folder}/pages/md5>
AuthType Digest
AuthName cameras
AuthUserFile {folder}/md5
AuthDigestNonceLifetime {nonce_seconds}
Require valid-user
</Directory>
"#
    )
}

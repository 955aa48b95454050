//! Compiled plugins, kept between runs: compiling a large one takes seconds, reading it back
//! takes milliseconds.
//!
//! What is read back is machine code, so nothing is loaded that might be something else. A file
//! is named after everything that its content depends on (the plugin, the version of the engine,
//! the target, the configuration), says so again inside, carries a checksum of its content, and
//! must belong to this user with nobody else able to write it. Whatever fails one of these is
//! compiled again and replaced.

use std::fs::{self, File};
use std::hash::{Hash, Hasher};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use sha2::{Digest, Sha256};
use wasmtime::component::Component;

const MAGIC: &[u8; 16] = b"agave compiled 1";
const HASH_BYTES: usize = 32;
const EXTENSION: &str = "compiled";
/// What a process that was killed left half-written goes after this time.
const LONGEST_WRITE: Duration = Duration::from_secs(3600);
/// All files together. The ones that were not used for longest go first.
const MOST_BYTES: u64 = 1 << 30;

type Key = [u8; HASH_BYTES];

/// A folder of compiled plugins.
pub(crate) struct Compiled {
    folder: PathBuf,
}

impl Compiled {
    /// The cache in `folder`, which is made if it is not there.
    pub(crate) fn open(folder: &Path) -> io::Result<Self> {
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(folder)?;
        Ok(Self {
            folder: folder.to_owned(),
        })
    }

    /// The compiled form of the plugin with these `bytes`, if a sound one is there.
    pub(crate) fn get(&self, engine: &wasmtime::Engine, bytes: &[u8]) -> Option<Component> {
        let key = key(engine, bytes);
        let path = self.path(&key);
        let image = match read(&path, &key) {
            Ok(image) => image,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return None,
            Err(reason) => {
                tracing::warn!(path = %path.display(), %reason, "a compiled plugin is not used and made again");
                return None;
            }
        };
        #[allow(
            unsafe_code,
            reason = "the checks above are what `deserialize` asks for: its own output, unchanged"
        )]
        // SAFETY: `put` wrote these bytes as this user, from `Component::serialize` of an engine
        // with the same compatibility hash, and their checksum has just been compared.
        let component = unsafe { Component::deserialize(engine, image) };
        component
            .inspect_err(|reason| {
                tracing::warn!(path = %path.display(), reason = format!("{reason:#}"), "a compiled plugin does not fit this engine and is made again");
            })
            .ok()
    }

    /// Keeps the compiled form of the plugin with these `bytes`. A cache that cannot be written
    /// costs time and nothing else.
    pub(crate) fn put(&self, engine: &wasmtime::Engine, bytes: &[u8], component: &Component) {
        let key = key(engine, bytes);
        let written = component
            .serialize()
            .map_err(|error| io::Error::other(format!("{error:#}")))
            .and_then(|image| write(&self.path(&key), &key, &image))
            .and_then(|()| self.prune());
        if let Err(reason) = written {
            tracing::warn!(folder = %self.folder.display(), %reason, "a compiled plugin cannot be kept");
        }
    }

    fn path(&self, key: &Key) -> PathBuf {
        self.folder
            .join(format!("{}.{EXTENSION}", hexadecimal(key)))
    }

    /// Removes what was left half-written, and the least recently used files beyond what the
    /// folder may hold.
    fn prune(&self) -> io::Result<()> {
        let mut files: Vec<(SystemTime, u64, PathBuf)> = Vec::new();
        for entry in fs::read_dir(&self.folder)?.flatten() {
            let path = entry.path();
            let Ok((modified, length)) = entry
                .metadata()
                .and_then(|metadata| Ok((metadata.modified()?, metadata.len())))
            else {
                // Another process has just removed it.
                continue;
            };
            if path.extension().is_some_and(|e| e == EXTENSION) {
                files.push((modified, length, path));
            } else if modified.elapsed().is_ok_and(|age| age > LONGEST_WRITE) {
                removed(&path)?;
            }
        }
        let mut total: u64 = files.iter().map(|(_, length, _)| length).sum();
        files.sort();
        for (_, length, path) in files {
            if total <= MOST_BYTES {
                break;
            }
            removed(&path)?;
            total -= length;
        }
        Ok(())
    }
}

/// Removes a file, unless someone else has.
fn removed(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Everything that the compiled form depends on.
fn key(engine: &wasmtime::Engine, bytes: &[u8]) -> Key {
    let mut hasher = Digesting(Sha256::new());
    hasher.0.update(Sha256::digest(bytes));
    engine.precompile_compatibility_hash().hash(&mut hasher);
    hasher.0.finalize().into()
}

/// Lets the engine hash its configuration with a hash that is the same in every process.
struct Digesting(Sha256);

impl Hasher for Digesting {
    fn write(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// The digest is taken from inside.
    fn finish(&self) -> u64 {
        0
    }
}

fn read(path: &Path, key: &Key) -> io::Result<Vec<u8>> {
    let refuse = |reason: &str| io::Error::new(io::ErrorKind::InvalidData, reason.to_owned());
    let mut file = File::open(path)?;
    let metadata = file.metadata()?;
    if metadata.uid() != rustix::process::geteuid().as_raw() || metadata.mode() & 0o022 != 0 {
        return Err(refuse("others can write it"));
    }
    let mut header = [0; MAGIC.len() + 2 * HASH_BYTES];
    file.read_exact(&mut header)
        .map_err(|_| refuse("it is too short"))?;
    let (magic, hashes) = header.split_at(MAGIC.len());
    let (made_for, checksum) = hashes.split_at(HASH_BYTES);
    if magic != MAGIC || made_for != key {
        return Err(refuse("it was made for something else"));
    }
    let mut image = Vec::new();
    file.read_to_end(&mut image)?;
    if Sha256::digest(&image).as_slice() != checksum {
        return Err(refuse("its checksum is wrong"));
    }
    // Says when it was last used. Where that cannot be written, it goes sooner than it might.
    let _ = file.set_modified(SystemTime::now());
    Ok(image)
}

/// Written beside it first: whoever reads the file sees all of it or none. Several may write the
/// same at one time, each for itself.
fn write(path: &Path, key: &Key, image: &[u8]) -> io::Result<()> {
    static WRITTEN: AtomicU64 = AtomicU64::new(0);
    let number = WRITTEN.fetch_add(1, Ordering::Relaxed);
    let unfinished = path.with_extension(format!("unfinished-{}-{number}", std::process::id()));
    let written = File::options()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&unfinished)
        .and_then(|mut file| {
            file.write_all(MAGIC)?;
            file.write_all(key)?;
            file.write_all(&Sha256::digest(image))?;
            file.write_all(image)
        })
        .and_then(|()| fs::rename(&unfinished, path));
    if written.is_err() {
        // What is left of a full disk should not stay on it.
        let _ = fs::remove_file(&unfinished);
    }
    written
}

/// How hashes are written.
fn hexadecimal(hash: &[u8]) -> String {
    hash.iter().map(|byte| format!("{byte:02x}")).collect()
}

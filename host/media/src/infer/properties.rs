//! What an exporter wrote into an ONNX file, read without ONNX Runtime: the entries of its
//! metadata, and nothing of the network. An ONNX file is a message of Protocol Buffers; fields
//! that are not asked for are jumped over.

use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::path::Path;

/// `ModelProto.metadata_props`
const METADATA: u64 = 14;
/// No entry that is asked for is larger.
const MOST_ENTRY_BYTES: u64 = 1 << 20;

/// The names of what the model in `path` can see, in the order of its class numbers. None when
/// the file does not say, or is no model.
///
/// It needs no ONNX Runtime and reads next to nothing of the file.
///
/// # Errors
/// When the file cannot be read.
pub fn class_names(path: &Path) -> io::Result<Option<Vec<String>>> {
    let mut file = BufReader::new(File::open(path)?);
    let text = match entry(&mut file, "names") {
        Ok(text) => text,
        // It ends where a field should go on, or has one that cannot be: no model.
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => None,
        Err(error) if error.kind() == io::ErrorKind::InvalidData => None,
        Err(error) => return Err(error),
    };
    Ok(text.and_then(|text| super::metadata::names(&text)))
}

/// The value of the entry `key`.
fn entry(file: &mut BufReader<File>, key: &str) -> io::Result<Option<String>> {
    let end = file.seek(SeekFrom::End(0))?;
    file.seek(SeekFrom::Start(0))?;
    while file.stream_position()? < end {
        let tag = number(file)?;
        match tag & 7 {
            0 => {
                number(file)?;
            }
            1 => file.seek_relative(8)?,
            5 => file.seek_relative(4)?,
            2 => {
                let length = number(file)?;
                if length > end {
                    return Err(invalid());
                }
                if tag >> 3 == METADATA && length <= MOST_ENTRY_BYTES {
                    let mut bytes = Vec::new();
                    file.by_ref().take(length).read_to_end(&mut bytes)?;
                    if let Some(value) = value_of(&bytes, key) {
                        return Ok(Some(value));
                    }
                } else {
                    file.seek_relative(i64::try_from(length).map_err(|_| invalid())?)?;
                }
            }
            _ => return Err(invalid()),
        }
    }
    Ok(None)
}

/// The value in a `StringStringEntryProto` with the key `wanted`.
fn value_of(mut bytes: &[u8], wanted: &str) -> Option<String> {
    let (mut key, mut value) = (None, None);
    while !bytes.is_empty() {
        let tag = number(&mut bytes).ok()?;
        let length = usize::try_from(number(&mut bytes).ok()?).ok()?;
        let (text, rest) = bytes.split_at_checked(length)?;
        bytes = rest;
        let text = std::str::from_utf8(text).ok()?;
        match tag {
            0x0A => key = Some(text),
            0x12 => value = Some(text),
            _ => {}
        }
    }
    (key? == wanted).then(|| value.unwrap_or_default().to_owned())
}

fn number(bytes: &mut impl Read) -> io::Result<u64> {
    let mut number = 0;
    for shift in (0..64).step_by(7) {
        let mut byte = [0];
        bytes.read_exact(&mut byte)?;
        let [byte] = byte;
        number |= u64::from(byte & 0x7F) << shift;
        if byte & 0x80 == 0 {
            return Ok(number);
        }
    }
    Err(invalid())
}

fn invalid() -> io::Error {
    io::Error::from(io::ErrorKind::InvalidData)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(file: &str) -> Option<String> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
        let names = class_names(&folder.join(file)).unwrap();
        names.map(|names| names.join(" "))
    }

    #[test]
    fn names_are_read_without_the_runtime() {
        let shipped = names("../../models/yolov8n_pina/1/model.onnx");
        assert_eq!(shipped.as_deref(), Some("pina worker object"));
        assert_eq!(names("tests/fixtures/yolox.onnx"), None);
        assert_eq!(names("tests/fixtures/broken_names.onnx"), None);
        assert_eq!(names("Cargo.toml"), None);
        assert!(class_names(Path::new("nothing.onnx")).is_err());
    }
}

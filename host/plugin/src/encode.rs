//! From the core module that a compiler makes to the component that the engine runs.

use wit_component::ComponentEncoder;

/// What standard libraries get instead of WASI, where they cannot do without.
const NO_WASI: &str = include_str!("no_wasi.wat");

/// Why a core module cannot become a component.
#[derive(Debug, thiserror::Error)]
#[error("cannot make a component of the module: {0}")]
pub struct EncodeError(String);

/// Makes a component of a core module that carries its world, as `wit-bindgen` leaves it there.
/// What it imports of WASI preview 1 is answered from inside the component, by nothing: so that
/// the runtimes of languages start, and the component imports no WASI.
///
/// # Errors
/// When it is no such module.
pub fn encode(core_module: &[u8]) -> Result<Vec<u8>, EncodeError> {
    let core_module = without_debugging(core_module);
    let no_wasi = wat::parse_str(NO_WASI).map_err(|error| EncodeError(error.to_string()))?;
    let mut encoder = ComponentEncoder::default();
    let encoded = encoder
        .validate(true)
        .adapter("wasi_snapshot_preview1", &no_wasi)
        .and_then(|encoder| encoder.module(&core_module)?.encode());
    encoded.map_err(|error| EncodeError(format!("{error:#}")))
}

/// The module without the sections that only a debugger reads, which not every compiler can be
/// told to leave out. The names of functions stay, for the backtrace of a trap.
fn without_debugging(core_module: &[u8]) -> Vec<u8> {
    let Some((header, mut rest)) = core_module.split_at_checked(8) else {
        return core_module.to_vec();
    };
    let mut kept = header.to_vec();
    while !rest.is_empty() {
        let Some((section, behind)) = split_section(rest) else {
            // The encoder says what is wrong with it.
            return core_module.to_vec();
        };
        if !is_debugging(section) {
            kept.extend_from_slice(section);
        }
        rest = behind;
    }
    kept
}

/// The first section, with its head, and what follows it.
fn split_section(sections: &[u8]) -> Option<(&[u8], &[u8])> {
    let (_, sized) = sections.split_first()?;
    let (size, payload) = leb128(sized)?;
    let head = sections.len() - payload.len();
    sections.split_at_checked(head.checked_add(size)?)
}

/// Whether it is a custom section whose name begins with `.debug`.
fn is_debugging(section: &[u8]) -> bool {
    let name = || {
        let (_, payload) = leb128(section.strip_prefix(&[0])?)?;
        let (length, name) = leb128(payload)?;
        name.get(..length)
    };
    name().is_some_and(|name| name.starts_with(b".debug"))
}

/// An unsigned number of at most 32 bits, and what follows it.
fn leb128(bytes: &[u8]) -> Option<(usize, &[u8])> {
    let mut value = 0;
    for (place, byte) in bytes.iter().take(5).enumerate() {
        value |= usize::from(byte & 0x7f) << (7 * place);
        if byte & 0x80 == 0 {
            return Some((value, bytes.get(place + 1..)?));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    fn section(id: u8, payload: &[u8]) -> Vec<u8> {
        let size = u8::try_from(payload.len()).unwrap();
        [&[id, size], payload].concat()
    }

    #[test]
    fn what_only_a_debugger_reads_is_left_out() {
        let header = b"\0asm\x01\0\0\0".to_vec();
        let names = section(0, b"\x04name\0\0");
        let code = section(10, b"\0");
        let debugging = section(0, b"\x0b.debug_info....");
        let module = [header.clone(), code.clone(), debugging, names.clone()].concat();
        assert_eq!(without_debugging(&module), [header, code, names].concat());
    }

    #[test]
    fn what_is_no_module_stays_as_it_is() {
        for bytes in [
            &b""[..],
            b"\0asm",
            b"\0asm\x01\0\0\0\x0a\xff\xff\xff\xff\xff",
        ] {
            assert_eq!(without_debugging(bytes), bytes);
            assert!(encode(bytes).is_err());
        }
    }
}

//! H.264 and H.265 with start codes, as far as their beginnings are looked into.

use ffmpeg_next::codec::Id;

const START_CODE: [u8; 3] = [0, 0, 1];

/// What a unit is, as far as anybody here asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// A sequence parameter set.
    Sequence,
    /// A part of a picture.
    Slice,
    Other,
}

/// Whether `data` has start codes, not lengths.
pub(super) fn has_start_codes(data: &[u8]) -> bool {
    let longer = data.strip_prefix(&[0]);
    data.starts_with(&START_CODE) || longer.is_some_and(|data| data.starts_with(&START_CODE))
}

/// Whether a key frame brings its parameter sets along.
pub(super) fn has_parameter_sets(codec: Id, data: &[u8]) -> bool {
    let kinds = units(data).map(|unit| kind(codec, unit));
    let mut leading = kinds.take_while(|kind| *kind != Kind::Slice);
    leading.any(|kind| kind == Kind::Sequence)
}

/// The first sequence parameter set in `data`, from its header to the end of `data`.
pub(super) fn sequence_parameters(codec: Id, data: &[u8]) -> Option<&[u8]> {
    units(data).find(|unit| kind(codec, unit) == Kind::Sequence)
}

/// A unit's bytes without the ones that keep start codes from appearing in it by chance.
pub(super) fn unescaped(unit: &[u8]) -> impl Iterator<Item = u8> {
    let mut zeros = 0;
    unit.iter().copied().filter(move |&byte| {
        let escapes = zeros >= 2 && byte == 3;
        zeros = if byte == 0 { zeros + 1 } else { 0 };
        !escapes
    })
}

/// From the header of each unit to the end of `data`. It is lazy: a picture behind the
/// parameter sets is not searched.
fn units(data: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = data;
    std::iter::from_fn(move || {
        let code = rest
            .windows(START_CODE.len())
            .position(|window| window == START_CODE)?;
        rest = rest.get(code + START_CODE.len()..)?;
        Some(rest)
    })
}

fn kind(codec: Id, unit: &[u8]) -> Kind {
    let Some(&header) = unit.first() else {
        return Kind::Other;
    };
    match codec {
        Id::H264 => match header & 0x1f {
            7 => Kind::Sequence,
            1..=5 => Kind::Slice,
            _ => Kind::Other,
        },
        Id::HEVC => match (header >> 1) & 0x3f {
            33 => Kind::Sequence,
            0..=31 => Kind::Slice,
            _ => Kind::Other,
        },
        _ => Kind::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameter_sets_are_looked_for_in_front_of_the_picture() {
        let delimiter_sps_slice = [0, 0, 0, 1, 9, 0x10, 0, 0, 0, 1, 0x67, 0x4d, 0, 0, 1, 0x65];
        assert!(has_parameter_sets(Id::H264, &delimiter_sps_slice));
        let slice_sps = [0, 0, 1, 0x65, 1, 0, 0, 1, 0x67, 0x4d];
        assert!(!has_parameter_sets(Id::H264, &slice_sps));
        assert!(has_parameter_sets(
            Id::HEVC,
            &[0, 0, 1, 0x40, 1, 0, 0, 1, 0x42, 1]
        ));
        assert!(!has_parameter_sets(Id::HEVC, &[0, 0, 1, 0x26, 1]));
        assert!(!has_parameter_sets(Id::H264, &[]));
        assert!(!has_parameter_sets(Id::H264, &[0, 0, 1]));
    }

    #[test]
    fn lengths_are_no_start_codes() {
        assert!(has_start_codes(&[0, 0, 0, 1, 0x67]));
        assert!(has_start_codes(&[0, 0, 1, 0x67]));
        for other in [&[][..], &[0], &[0, 0, 0, 27, 0x67], &[1, 0x64, 0, 31]] {
            assert!(!has_start_codes(other), "{other:?}");
        }
    }

    #[test]
    fn escapes_are_taken_out() {
        let plain: Vec<u8> = unescaped(&[1, 0, 0, 3, 1, 0, 0, 3, 0, 0, 3, 3, 3]).collect();
        assert_eq!(plain, [1, 0, 0, 1, 0, 0, 0, 0, 3, 3]);
    }
}

//! A codec with profile and level, as RFC 6381 writes it and as browsers ask for it.

use std::fmt::Write;

use ffmpeg_next::codec::Id;

use super::annex_b;
use super::parameters::CodecParameters;

/// `None` for codecs that browsers do not decode, and where the stream does not say enough.
pub(super) fn codec_string(codec: Id, parameters: &CodecParameters) -> Option<String> {
    let record = &parameters.extra_data[..];
    match codec {
        Id::H264 => h264(record),
        Id::HEVC => h265(record),
        Id::VP8 => Some("vp8".to_owned()),
        Id::VP9 => vp9(parameters.profile, parameters.level),
        Id::AV1 => av1(record),
        _ => None,
    }
}

/// Both forms have profile, constraints and level in the second to fourth byte: behind the
/// version of the record, or behind the header of the parameter set.
fn h264(record: &[u8]) -> Option<String> {
    let from = if annex_b::has_start_codes(record) {
        annex_b::sequence_parameters(Id::H264, record)?
    } else {
        record
    };
    let &[_, profile, constraints, level, ..] = from else {
        return None;
    };
    Some(format!("avc1.{profile:02X}{constraints:02X}{level:02X}"))
}

/// ISO/IEC 14496-15, annex E. The twelve bytes that it writes are the same in both forms.
fn h265(record: &[u8]) -> Option<String> {
    let (name, tier): (_, Vec<u8>) = if annex_b::has_start_codes(record) {
        let unit = annex_b::sequence_parameters(Id::HEVC, record)?;
        // Behind the header and what says how many layers there are.
        ("hev1", annex_b::unescaped(unit).skip(3).take(12).collect())
    } else {
        ("hvc1", record.iter().copied().skip(1).take(12).collect())
    };
    let &[profile, f0, f1, f2, f3, ref constraints @ .., level] = &tier[..] else {
        return None;
    };
    let constraints: &[u8; 6] = constraints.try_into().ok()?;
    let space = ["", "A", "B", "C"].get(usize::from(profile >> 6))?;
    let flags = u32::from_be_bytes([f0, f1, f2, f3]).reverse_bits();
    let tier = if profile & 0x20 == 0 { 'L' } else { 'H' };
    let number = profile & 0x1f;
    let mut text = format!("{name}.{space}{number}.{flags:X}.{tier}{level}");
    let said = constraints.iter().rposition(|byte| *byte != 0);
    for byte in constraints.iter().take(said.map_or(0, |last| last + 1)) {
        write!(text, ".{byte:X}").ok()?;
    }
    Some(text)
}

/// Profiles above 1 have 10 or 12 bits, and FFmpeg does not say here which.
fn vp9(profile: i32, level: i32) -> Option<String> {
    let is_known = (0..=1).contains(&profile) && (1..=99).contains(&level);
    is_known.then(|| format!("vp09.{profile:02}.{level:02}.08"))
}

/// From the configuration record; a bare sequence header is not read.
fn av1(record: &[u8]) -> Option<String> {
    let &[0x81, profile_and_level, tier_and_bits, ..] = record else {
        return None;
    };
    let (profile, level) = (profile_and_level >> 5, profile_and_level & 0x1f);
    let tier = if tier_and_bits & 0x80 == 0 { 'M' } else { 'H' };
    let bits = match tier_and_bits & 0x60 {
        0 => 8,
        0x60 => 12,
        _ => 10,
    };
    Some(format!("av01.{profile}.{level:02}{tier}.{bits:02}"))
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    fn written(codec: Id, record: &[u8]) -> Option<String> {
        let parameters = CodecParameters {
            extra_data: Bytes::copy_from_slice(record),
            profile: 0,
            level: 31,
        };
        codec_string(codec, &parameters)
    }

    #[test]
    fn both_forms_of_h264_say_the_same() {
        let record = [1, 0x4d, 0x40, 0x1f, 0xff, 0xe1];
        let units = [0, 0, 0, 1, 0x67, 0x4d, 0x40, 0x1f, 0xec];
        for bytes in [&record[..], &units] {
            assert_eq!(written(Id::H264, bytes).as_deref(), Some("avc1.4D401F"));
        }
        for nothing in [&[][..], &[1, 0x4d], &[0, 0, 1, 0x68, 1, 2, 3]] {
            assert_eq!(written(Id::H264, nothing), None, "{nothing:?}");
        }
    }

    /// The example of ISO/IEC 14496-15, E.3, and the same behind start codes with its zeros
    /// escaped.
    #[test]
    fn both_forms_of_h265_say_the_same() {
        let record = [1, 0x01, 0x60, 0, 0, 0, 0xb0, 0, 0, 0, 0, 0, 93];
        assert_eq!(
            written(Id::HEVC, &record).as_deref(),
            Some("hvc1.1.6.L93.B0")
        );
        let units = [
            0, 0, 0, 1, 0x40, 1, 0x0c, 0, 0, 0, 1, 0x42, 1, 1, 0x01, 0x60, 0, 0, 3, 0, 0xb0, 0, 0,
            3, 0, 0, 3, 0, 93, 0xa0,
        ];
        assert_eq!(
            written(Id::HEVC, &units).as_deref(),
            Some("hev1.1.6.L93.B0")
        );
        let high = [1, 0x62, 0x20, 0, 0, 0, 0, 0, 0, 0, 0, 1, 153];
        assert_eq!(
            written(Id::HEVC, &high).as_deref(),
            Some("hvc1.A2.4.H153.0.0.0.0.0.1")
        );
        assert_eq!(written(Id::HEVC, &record[..12]), None);
    }

    #[test]
    fn the_others_are_told_where_they_can_be() {
        assert_eq!(written(Id::VP8, &[]).as_deref(), Some("vp8"));
        assert_eq!(written(Id::VP9, &[]).as_deref(), Some("vp09.00.31.08"));
        assert_eq!(vp9(0, -99), None);
        assert_eq!(vp9(2, 31), None);
        let av1 = [0x81, 0x08, 0x0c, 0];
        assert_eq!(written(Id::AV1, &av1).as_deref(), Some("av01.0.08M.08"));
        assert_eq!(written(Id::AV1, &[0x0a, 0x0b]), None);
        assert_eq!(written(Id::MJPEG, &[]), None);
    }
}

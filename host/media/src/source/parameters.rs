//! What is known of a stream before its first packet, from a container or from a camera.

use bytes::Bytes;
use ffmpeg_next::codec::{Id, Parameters};

use super::annex_b;
use super::codec_string::codec_string;
use crate::StreamDescription;

/// What FFmpeg does not know.
const UNKNOWN: i32 = -99;

/// What a decoder is told first.
pub(super) struct CodecParameters {
    /// avcC, hvcC, av1C, or parameter sets with start codes.
    pub(super) extra_data: Bytes,
    /// As FFmpeg numbers them.
    pub(super) profile: i32,
    pub(super) level: i32,
}

impl CodecParameters {
    /// Of a stream in a container.
    #[allow(unsafe_code)]
    pub(super) fn of_stream(parameters: &Parameters) -> Self {
        // SAFETY: the parameters are valid as long as they are borrowed, and what they point at
        // is copied at once. The binding gives no other way to it.
        unsafe {
            let parameters = parameters.as_ptr();
            let size = usize::try_from((*parameters).extradata_size).unwrap_or_default();
            let extra_data = if (*parameters).extradata.is_null() || size == 0 {
                Bytes::new()
            } else {
                let bytes = std::slice::from_raw_parts((*parameters).extradata, size);
                Bytes::copy_from_slice(bytes)
            };
            Self {
                extra_data,
                profile: (*parameters).profile,
                level: (*parameters).level,
            }
        }
    }

    /// Of a camera that sends parameter sets, with start codes in front of them.
    pub(super) fn of_units(extra_data: &[u8]) -> Self {
        Self {
            extra_data: Bytes::copy_from_slice(extra_data),
            profile: UNKNOWN,
            level: UNKNOWN,
        }
    }

    /// The same for whoever decodes elsewhere. `name` is FFmpeg's for `codec`.
    pub(super) fn describe(
        &self,
        codec: Id,
        name: &'static str,
        (width, height): (u32, u32),
    ) -> StreamDescription {
        let has_record = matches!(codec, Id::H264 | Id::HEVC)
            && !self.extra_data.is_empty()
            && !annex_b::has_start_codes(&self.extra_data);
        StreamDescription {
            name,
            codec: codec_string(codec, self),
            description: has_record.then(|| self.extra_data.clone()),
            width,
            height,
        }
    }

    /// What a viewer who begins with the key frame `data` needs before it.
    pub(super) fn missing_in(&self, codec: Id, data: &[u8]) -> Option<&Bytes> {
        let is_missing =
            annex_b::has_start_codes(&self.extra_data) && !annex_b::has_parameter_sets(codec, data);
        is_missing.then_some(&self.extra_data)
    }
}

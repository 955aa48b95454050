//! The parts of a multipart stream and of a push, framed as devices frame them: the boundary is
//! literally `boundary`, nothing comes before the first one, and the line break at the end of a
//! body belongs to it.

use bytes::Bytes;

pub(crate) const XML: &str = "application/xml; charset=\"UTF-8\"";
pub(crate) const JSON: &str = "application/json; charset=\"UTF-8\"";
pub(crate) const JPEG: &str = "image/jpeg";

/// One part, with its boundary before it.
pub(crate) fn part(content_type: &str, disposition: Option<&str>, body: &[u8]) -> Bytes {
    let disposition = disposition
        .map(|disposition| format!("Content-Disposition: {disposition}\r\n"))
        .unwrap_or_default();
    let length = body.len();
    let head = format!(
        "--boundary\r\n{disposition}Content-Type: {content_type}\r\nContent-Length: {length}\r\n\r\n"
    );
    let mut part = Vec::with_capacity(head.len() + length);
    part.extend_from_slice(head.as_bytes());
    part.extend_from_slice(body);
    part.into()
}

/// A picture as a part. Its line break belongs to the boundary that follows, not to the picture.
pub(crate) fn picture(disposition: &str, jpeg: &[u8]) -> Bytes {
    let part = part(JPEG, Some(disposition), jpeg);
    [part.as_ref(), b"\r\n"].concat().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_begins_with_its_boundary_and_says_how_long_it_is() {
        assert_eq!(
            part("text/plain", None, b"hello\r\n"),
            "--boundary\r\nContent-Type: text/plain\r\nContent-Length: 7\r\n\r\nhello\r\n"
        );
        assert_eq!(
            picture("form-data; name=\"x\"", b"JPEG"),
            "--boundary\r\nContent-Disposition: form-data; name=\"x\"\r\n\
             Content-Type: image/jpeg\r\nContent-Length: 4\r\n\r\nJPEG\r\n"
        );
    }
}

//! What a device's answer means. Devices say in a `ResponseStatus` what they think of a request,
//! in XML or JSON, whatever the HTTP status is.

use agave_vision_sdk::Outcome;

/// A device has few connections, and those that others have are not free at once.
const FULL_WAIT_MS: u32 = 10_000;
const BUSY_WAIT_MS: u32 = 2_000;
/// After so many attempts a device means what it says, where that is not about its connections.
const MOST_FORBIDDEN: u32 = 10;
/// Parts of the codes with which devices say that all their connections are taken.
const FULL: [&str; 3] = ["session", "link", "connect"];

/// What becomes of a delivery after `status` with `body` on attempt number `attempt`.
pub(crate) fn outcome(status: u16, body: &str, attempt: u32) -> Outcome {
    let code = value(body, "statusCode").and_then(|code| code.parse::<u32>().ok());
    match (status, code) {
        (401, _) => Outcome::Rejected("the device wants a login".to_owned()),
        (403, _) if is_full(body) || attempt < MOST_FORBIDDEN => Outcome::Retry(Some(FULL_WAIT_MS)),
        // 7: it was taken, and takes effect when the device is started again.
        (200..=299, None | Some(0 | 1 | 7)) => Outcome::Delivered,
        (_, Some(2)) => Outcome::Retry(Some(BUSY_WAIT_MS)),
        (_, Some(3)) | (408 | 425 | 429 | 500..=599, _) => Outcome::Retry(None),
        _ => Outcome::Rejected(said(status, body)),
    }
}

/// Whether a 403 is about connections. Devices that do not say why mean that.
fn is_full(body: &str) -> bool {
    value(body, "subStatusCode").is_none_or(|code| {
        let code = code.to_ascii_lowercase();
        FULL.iter().any(|word| code.contains(word))
    })
}

/// What the device says about it, in words.
pub(crate) fn said(status: u16, body: &str) -> String {
    let words = [
        value(body, "statusString"),
        value(body, "subStatusCode"),
        value(body, "description"),
    ];
    let words: Vec<&str> = words.into_iter().flatten().collect();
    match words.as_slice() {
        [] => format!("the device answered {status}"),
        words => format!("the device answered {status}: {}", words.join(", ")),
    }
}

/// The value of an element, whatever its namespace, or of a key. Devices write XML that no reader
/// of XML takes, and this is all that is looked for.
fn value<'b>(body: &'b str, name: &str) -> Option<&'b str> {
    body.match_indices(name).find_map(|(at, _)| {
        let before = body.get(..at)?.chars().next_back()?;
        let rest = body.get(at + name.len()..)?;
        let found = match before {
            '<' | ':' => {
                let (_, rest) = rest.split_once('>').filter(|(attributes, _)| {
                    attributes.is_empty() || attributes.starts_with(char::is_whitespace)
                })?;
                rest.split('<').next()?
            }
            '"' => {
                let rest = rest.strip_prefix('"')?.trim_start().strip_prefix(':')?;
                let rest = rest.trim_start();
                match rest.strip_prefix('"') {
                    Some(text) => text.split('"').next()?,
                    None => rest.split([',', '}', '\n', '\r']).next()?,
                }
            }
            _ => return None,
        };
        Some(found.trim()).filter(|found| !found.is_empty() && found.len() <= 200)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn xml(code: u32, words: &str, sub: &str) -> String {
        format!(
            "<?xml version=\"1.0\"?><ResponseStatus version=\"2.0\" xmlns=\"x\">\
             <requestURL>/a&b</requestURL><statusCode>{code}</statusCode>\
             <statusString>{words}</statusString><subStatusCode>{sub}</subStatusCode>\
             </ResponseStatus>"
        )
    }

    #[test]
    fn a_device_s_own_code_decides() {
        let ok = xml(1, "OK", "ok");
        assert!(matches!(outcome(200, &ok, 1), Outcome::Delivered));
        assert!(matches!(outcome(200, "", 1), Outcome::Delivered));
        let busy = outcome(503, &xml(2, "Device Busy", "deviceBusy"), 1);
        assert!(matches!(busy, Outcome::Retry(Some(BUSY_WAIT_MS))));
        let error = outcome(500, &xml(3, "Device Error", "deviceError"), 1);
        assert!(matches!(error, Outcome::Retry(None)));
        let busy_with_200 = outcome(200, "{\n\t\"statusCode\":\t2,\n\"x\": 1}", 1);
        assert!(matches!(busy_with_200, Outcome::Retry(Some(_))));
    }

    #[test]
    fn a_refusal_has_the_device_s_words() {
        let refused = outcome(400, &xml(6, "Invalid XML Content", "badXmlContent"), 1);
        let Outcome::Rejected(why) = refused else {
            panic!("{refused:?}")
        };
        assert_eq!(
            why,
            "the device answered 400: Invalid XML Content, badXmlContent"
        );
        let invalid = outcome(200, &xml(4, "Invalid Operation", "notSupport"), 1);
        assert!(matches!(invalid, Outcome::Rejected(_)));
        assert!(matches!(outcome(404, "not found", 1), Outcome::Rejected(_)));
        assert!(matches!(
            outcome(401, &xml(4, "Unauthorized", "x"), 1),
            Outcome::Rejected(_)
        ));
    }

    #[test]
    fn a_free_connection_is_waited_for_as_long_as_it_takes() {
        let full = xml(4, "Invalid Operation", "maxSessionUserLink");
        for body in [full.as_str(), "", "<html>Forbidden</html>"] {
            for attempt in [1, 10, 1000] {
                let later = outcome(403, body, attempt);
                let is_later = matches!(later, Outcome::Retry(Some(FULL_WAIT_MS)));
                assert!(is_later, "{body} {attempt}: {later:?}");
            }
        }
    }

    #[test]
    fn what_is_forbidden_for_another_reason_is_not_asked_for_without_end() {
        let forbidden = xml(4, "Invalid Operation", "lowPrivilege");
        let early = outcome(403, &forbidden, 1);
        assert!(matches!(early, Outcome::Retry(Some(FULL_WAIT_MS))));
        assert!(matches!(outcome(403, &forbidden, 10), Outcome::Rejected(_)));
    }

    #[test]
    fn values_are_found_in_what_devices_write() {
        let found = |body| value(body, "statusCode");
        assert_eq!(
            found("<ns:statusCode a=\"b\"> 4 </ns:statusCode>"),
            Some("4")
        );
        assert_eq!(
            found("{\"subStatusCode\": \"x\", \"statusCode\": 6}"),
            Some("6")
        );
        assert_eq!(found("{\"statusCode\": \"1\"}"), Some("1"));
        for none in [
            "",
            "statusCode",
            "<statusCode/>",
            "<statusCodes>1<",
            "\"statusCode\" 1",
        ] {
            assert_eq!(found(none), None, "{none}");
        }
    }
}

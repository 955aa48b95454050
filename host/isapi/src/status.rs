//! How a device says that something worked, or why not.

use hyper::StatusCode;

use crate::xml::Document;

/// What became of a request that is not answered with a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Status {
    Done,
    NoSuchPage,
    /// The page is there, and that cannot be done with it.
    NotSupported,
    NotLoggedIn,
    Locked,
    TooManyStreams,
    /// What was sent is not what it should be.
    BadContent,
    TooLarge,
    NoPicture,
    /// It could not be kept.
    Failed,
}

impl Status {
    pub(crate) fn http(self) -> StatusCode {
        match self {
            Self::Done => StatusCode::OK,
            Self::NoSuchPage => StatusCode::NOT_FOUND,
            Self::NotSupported => StatusCode::METHOD_NOT_ALLOWED,
            Self::NotLoggedIn => StatusCode::UNAUTHORIZED,
            Self::Locked | Self::TooManyStreams => StatusCode::FORBIDDEN,
            Self::BadContent => StatusCode::BAD_REQUEST,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::NoPicture => StatusCode::SERVICE_UNAVAILABLE,
            Self::Failed => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// The number, the words and the finer words of ISAPI.
    fn words(self) -> (u32, &'static str, &'static str) {
        match self {
            Self::Done => (1, "OK", "ok"),
            Self::NoSuchPage | Self::NotSupported => (4, "Invalid Operation", "notSupport"),
            Self::NotLoggedIn => (4, "Unauthorized", "unauthorized"),
            Self::Locked => (4, "Invalid Operation", "userLocked"),
            Self::TooManyStreams => (4, "Invalid Operation", "maxSessionUserLink"),
            Self::BadContent => (6, "Invalid XML Content", "badXmlContent"),
            Self::TooLarge => (6, "Invalid XML Content", "tooLarge"),
            Self::NoPicture => (3, "Device Error", "noPicture"),
            Self::Failed => (3, "Device Error", "deviceError"),
        }
    }

    /// The page for it; `why` is for people.
    pub(crate) fn page(self, url: &str, why: &str) -> String {
        let (code, string, sub) = self.words();
        Document::page("ResponseStatus", |document| {
            document.text("requestURL", url);
            document.text("statusCode", code);
            document.text("statusString", string);
            document.text("subStatusCode", sub);
            if !why.is_empty() {
                document.text("description", why);
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_says_number_words_and_reason() {
        let page = Status::NoSuchPage.page("/ISAPI/a&b", "there is no such page");
        for part in [
            "<requestURL>/ISAPI/a&amp;b</requestURL>",
            "<statusCode>4</statusCode>",
            "<subStatusCode>notSupport</subStatusCode>",
            "<description>there is no such page</description>",
        ] {
            assert!(page.contains(part), "{part}: {page}");
        }
        assert!(!Status::Done.page("/", "").contains("description"));
    }
}

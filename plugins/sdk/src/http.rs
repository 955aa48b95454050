//! HTTP to the origins that the flow file allows. In a native test there is no host:
//! [`testing::answer_http`](crate::testing::answer_http) says what is answered.

pub use crate::bindings::imports::agave::plugin::http::{
    Authentication, Error, Method, Request, Response,
};

impl Request {
    /// A request without headers and body, which may take ten seconds.
    pub fn new(method: Method, url: impl Into<String>) -> Self {
        Self {
            method,
            url: url.into(),
            headers: Vec::new(),
            body: Vec::new(),
            timeout_ms: 10_000,
        }
    }

    /// With one more header.
    #[must_use]
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// With this body.
    #[must_use]
    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self
    }

    /// With this much time for everything; the host allows at most 60 s.
    #[must_use]
    pub fn timeout(mut self, timeout: crate::Duration) -> Self {
        self.timeout_ms = timeout.as_millis();
        self
    }

    /// Sends it without a login.
    ///
    /// # Errors
    /// When there is no answer: see [`Error`].
    pub fn send(&self) -> Result<Response, Error> {
        send(self, &Authentication::None)
    }
}

impl Response {
    /// The first header of this name, in whatever case.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.headers.iter();
        headers
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }
}

/// Sends a request and waits for the answer.
///
/// # Errors
/// When there is no answer: see [`Error`].
pub fn send(request: &Request, authentication: &Authentication<'_>) -> Result<Response, Error> {
    #[cfg(target_arch = "wasm32")]
    return crate::bindings::imports::agave::plugin::http::send(request, authentication);
    #[cfg(not(target_arch = "wasm32"))]
    {
        let _ = authentication;
        crate::testing::answer(request)
    }
}

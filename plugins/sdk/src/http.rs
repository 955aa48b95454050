//! HTTP to the origins that the flow file allows. In a native test there is no host:
//! [`testing::answer_http`](crate::testing::answer_http) says what is answered.

pub use crate::bindings::imports::agave::plugin::http::{
    Authentication, Error, Method, Request, Response,
};

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

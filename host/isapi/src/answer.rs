//! Which request is answered with what.

use std::convert::Infallible;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http_body_util::{BodyExt, Either, Full, Limited};
use hyper::body::Incoming;
use hyper::header::{
    AUTHORIZATION, CONNECTION, CONTENT_TYPE, HeaderName, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE,
};
use hyper::http::request;
use hyper::{Method, Request, Response, StatusCode, Version};
use tokio_util::sync::CancellationToken;

use crate::hosts;
use crate::login::{Verdict, Visitor};
use crate::pages;
use crate::parts;
use crate::report::Count;
use crate::settings::Framing;
use crate::shared::Shared;
use crate::status::Status;
use crate::streams::{Format, StreamBody};

/// More than any client sends.
const MOST_BODY_BYTES: usize = 64 << 10;
/// Until all of it is there.
const BODY: Duration = Duration::from_secs(10);
/// A page that is asked for is deeper than none of these.
const MOST_SEGMENTS: usize = 8;

type Body = Either<Full<Bytes>, StreamBody>;

/// A request's surroundings.
pub(crate) struct Visit {
    pub(crate) shared: Arc<Shared>,
    pub(crate) address: IpAddr,
    /// Cuts the connection.
    pub(crate) cut: CancellationToken,
}

/// What is answered.
enum Answer {
    Page(String),
    Picture(Bytes),
    Stream(StreamBody),
    /// With a word for people.
    Status(Status, String),
}

impl From<Status> for Answer {
    fn from(status: Status) -> Self {
        Self::Status(status, String::new())
    }
}

pub(crate) async fn answer(
    request: Request<Incoming>,
    visit: Visit,
) -> Result<Response<Body>, Infallible> {
    let (head, body) = request.into_parts();
    let target = head
        .uri
        .path_and_query()
        .map_or("/", |target| target.as_str());
    if let Some(refusal) = refusal(&head, target, &visit) {
        return Ok(refusal);
    }
    let answer = page(&head, body, &visit).await;
    Ok(response(answer, target, visit.shared.settings.framing))
}

/// The answer to whoever may not come in.
fn refusal(head: &request::Parts, target: &str, visit: &Visit) -> Option<Response<Body>> {
    let authorization = head.headers.get(AUTHORIZATION);
    // What is no text is no login that anybody could judge.
    let authorization = authorization.map(|value| value.to_str().unwrap_or("Digest"));
    let visitor = Visitor {
        address: visit.address,
        method: head.method.as_str(),
        target,
        authorization,
    };
    let counts = &visit.shared.counts;
    let (status, why, headers) = match visit.shared.door.judge(&visitor, Instant::now()) {
        Verdict::Welcome => return None,
        Verdict::Asked { challenges, wrong } => {
            if wrong {
                counts.add(Count::WrongLogin, 1);
                let address = visit.address;
                tracing::warn!(%address, "a wrong login");
            }
            let headers = challenges
                .into_iter()
                .map(|value| (WWW_AUTHENTICATE, value));
            (Status::NotLoggedIn, "log in with Digest", headers.collect())
        }
        Verdict::Locked(left) => {
            counts.add(Count::Locked, 1);
            let headers = vec![(RETRY_AFTER, (left.as_secs() + 1).to_string())];
            (
                Status::Locked,
                "this address is locked after wrong logins",
                headers,
            )
        }
        Verdict::Malformed => (
            Status::BadContent,
            "the login is not one for this page",
            Vec::new(),
        ),
    };
    let mut response = full(status.http(), parts::XML, status.page(target, why).into());
    add(&mut response, headers);
    Some(response)
}

fn add(response: &mut Response<Body>, headers: Vec<(HeaderName, String)>) {
    for (name, value) in headers {
        if let Ok(value) = HeaderValue::try_from(value) {
            response.headers_mut().append(name, value);
        }
    }
}

/// The answer to whoever may.
async fn page(head: &request::Parts, body: Incoming, visit: &Visit) -> Answer {
    let path = head.uri.path().to_ascii_lowercase();
    let segments = path.split('/').filter(|segment| !segment.is_empty());
    let segments: Vec<&str> = segments.take(MOST_SEGMENTS + 1).collect();
    let ["isapi", segments @ ..] = segments.as_slice() else {
        return Status::NoSuchPage.into();
    };
    match (&head.method, segments) {
        (&Method::GET, ["event", "notification", "alertstream"]) => stream(head, visit),
        (&Method::GET, [.., "channels", id, "picture"]) => picture(id, head, visit).await,
        (&Method::PUT, ["event", "notification", "httphosts", rest @ ..]) => {
            put_hosts(rest, body, visit).await
        }
        (&Method::DELETE, ["event", "notification", "httphosts", id]) => match id.parse() {
            Ok(id) => change_hosts(visit, move |_| Ok(Vec::new()), Some(id)).await,
            Err(_) => Status::NoSuchPage.into(),
        },
        (&Method::GET, segments) => match pages::page(segments, &visit.shared) {
            Some(page) => Answer::Page(page),
            None => Status::NoSuchPage.into(),
        },
        (_, segments) if pages::page(segments, &visit.shared).is_some() => {
            Status::NotSupported.into()
        }
        _ => Status::NoSuchPage.into(),
    }
}

fn stream(head: &request::Parts, visit: &Visit) -> Answer {
    let format = match asks_for(head, "format") {
        Some("json") => Format::Json,
        _ => Format::Xml,
    };
    match visit.shared.join(format, visit.cut.clone()) {
        Some(body) => Answer::Stream(body),
        None => {
            visit.shared.counts.add(Count::TooManyStreams, 1);
            let why = "there are as many streams as there may be";
            Answer::Status(Status::TooManyStreams, why.to_owned())
        }
    }
}

/// The value of a parameter of the query.
fn asks_for<'h>(head: &'h request::Parts, name: &str) -> Option<&'h str> {
    let parameters = head.uri.query()?.split('&');
    let mut pairs = parameters.filter_map(|parameter| parameter.split_once('='));
    pairs.find(|(key, _)| *key == name).map(|(_, value)| value)
}

async fn picture(id: &str, head: &request::Parts, visit: &Visit) -> Answer {
    let channels = visit.shared.channels();
    let channel = id
        .parse()
        .ok()
        .and_then(|id| pages::channel_of(id, &channels));
    let Some(channel) = channel else {
        return Status::NoSuchPage.into();
    };
    let side = |name| asks_for(head, name).and_then(|side| side.parse::<u32>().ok());
    let most_side = side("videoResolutionWidth").max(side("videoResolutionHeight"));
    let camera = channel.camera.clone();
    let pictures = Arc::clone(&visit.shared.pictures);
    let picture = tokio::task::spawn_blocking(move || pictures.latest(&camera, most_side));
    match picture.await {
        Ok(Some(jpeg)) => Answer::Picture(jpeg),
        _ => Answer::Status(
            Status::NoPicture,
            "there is no picture of this camera now".to_owned(),
        ),
    }
}

async fn put_hosts(rest: &[&str], body: Incoming, visit: &Visit) -> Answer {
    let id = match rest {
        [] => None,
        [id] => match id.parse::<u32>() {
            Ok(id) => Some(id),
            Err(_) => return Status::NoSuchPage.into(),
        },
        _ => return Status::NoSuchPage.into(),
    };
    let collected = Limited::new(body, MOST_BODY_BYTES).collect();
    let body = match tokio::time::timeout(BODY, collected).await {
        Ok(Ok(body)) => body.to_bytes(),
        _ => {
            let why = format!("more than {MOST_BODY_BYTES} bytes, or not all of them in time");
            return Answer::Status(Status::TooLarge, why);
        }
    };
    let Ok(text) = String::from_utf8(body.into()) else {
        return Answer::Status(Status::BadContent, "it is not UTF-8".to_owned());
    };
    let parse = move |places| hosts::parse(&text, places);
    change_hosts(visit, parse, id).await
}

/// Puts what `parse` gives in the place of the hosts, or of the host `id`.
async fn change_hosts(
    visit: &Visit,
    parse: impl FnOnce(u32) -> Result<Vec<hosts::HttpHost>, String>,
    id: Option<u32>,
) -> Answer {
    let places = visit.shared.settings.limits.hosts;
    if id.is_some_and(|id| id == 0 || id > places) {
        return Status::NoSuchPage.into();
    }
    let mut new = match parse(places) {
        Ok(hosts) => hosts,
        Err(why) => return Answer::Status(Status::BadContent, why),
    };
    if let Some(id) = id {
        if new.iter().any(|host| host.id != id) {
            let why = format!("it is about another host than {id}");
            return Answer::Status(Status::BadContent, why);
        }
        let others = visit.shared.pusher.hosts().into_iter();
        new.extend(others.filter(|host| host.id != id));
    }
    let shared = Arc::clone(&visit.shared);
    // Whoever keeps them writes to a disk.
    match tokio::task::spawn_blocking(move || shared.set_hosts(new)).await {
        Ok(()) => Status::Done.into(),
        Err(_) => Status::Failed.into(),
    }
}

fn response(answer: Answer, target: &str, framing: Framing) -> Response<Body> {
    match answer {
        Answer::Page(page) => full(StatusCode::OK, parts::XML, page.into()),
        Answer::Picture(jpeg) => full(StatusCode::OK, parts::JPEG, jpeg),
        Answer::Status(status, why) => {
            full(status.http(), parts::XML, status.page(target, &why).into())
        }
        Answer::Stream(body) => {
            let mut response = Response::new(Either::Right(body));
            let headers = response.headers_mut();
            headers.insert("mime-version", HeaderValue::from_static("1.0"));
            let content_type = "multipart/mixed; boundary=boundary";
            headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
            if framing == Framing::Close {
                headers.insert(CONNECTION, HeaderValue::from_static("close"));
                // An answer of this version goes on until the connection ends.
                *response.version_mut() = Version::HTTP_10;
            }
            response
        }
    }
}

fn full(status: StatusCode, content_type: &'static str, body: Bytes) -> Response<Body> {
    let mut response = Response::new(Either::Left(Full::new(body)));
    *response.status_mut() = status;
    let content_type = HeaderValue::from_static(content_type);
    response.headers_mut().insert(CONTENT_TYPE, content_type);
    response
}

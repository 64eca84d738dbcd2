//! The one mapping from what can go wrong to what a client is told: problem
//! details (RFC 9457) that say what was wrong, where, and how to mend it.

use crate::engine::request::Refusal;
use crate::runtime::handle::RequestError;
use crate::store::StoreError;
use crate::store::password::PasswordError;
use crate::web::auth::secret::NoRandomness;
use crate::web::auth::{Role, role_word};
use axum::Json;
use axum::extract::rejection::{FormRejection, JsonRejection, QueryRejection};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

/// Everything a request can end with, besides success.
#[derive(Debug, thiserror::Error)]
pub enum WebError {
    #[error("nobody is signed in")]
    SignedOut,
    #[error("this needs the role {}", role_word(*.needs))]
    Forbidden { needs: Role },
    #[error("the request did not come from one of our pages: {why}")]
    Forged { why: &'static str },
    #[error("the name or the password is wrong")]
    WrongCredentials,
    #[error("too many failed attempts; the next one counts in {seconds} s")]
    Locked { seconds: u64 },
    #[error("too many requests; the next one is taken in {seconds} s")]
    TooMany { seconds: u64 },
    #[error("there is nothing at this address")]
    NoSuchAddress,
    #[error("this address does not take the method {method}")]
    NoSuchMethod { method: String },
    #[error("there is no {what} {id:?}")]
    Missing { what: &'static str, id: String },
    #[error("{what}")]
    BadInput { place: &'static str, what: String },
    #[error("the request's body is larger than {limit} bytes")]
    TooLarge { limit: usize },
    #[error("the engine is behind and takes no more requests now")]
    Overloaded,
    #[error("{0}")]
    Refused(Refusal),
    #[error("the engine has stopped")]
    Stopped,
    #[error("the controller is about to leave")]
    Draining,
    #[error("the link to {} is not alive", .links.join(", "))]
    LinksDown { links: Vec<String> },
    #[error("{0}")]
    Store(#[source] StoreError),
    #[error("{what}: {why}")]
    Internal { what: &'static str, why: String },
}

/// Problem details (RFC 9457) with two members of our own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Problem {
    /// A stable name of the kind of problem: `urn:switchyard:problem:<kind>`.
    #[serde(rename = "type")]
    pub kind: String,
    /// The HTTP status in words.
    pub title: String,
    pub status: u16,
    /// What was wrong, this time.
    pub detail: String,
    /// Where: the part of the request or of the system.
    #[serde(rename = "where")]
    pub place: String,
    /// What mends it.
    pub mend: String,
}

/// Largest body of a request, in bytes.
pub const MAX_BODY: usize = 64 * 1024;

/// How one kind of error is told: status, kind, where, how to mend it.
struct Telling(StatusCode, &'static str, &'static str, &'static str);

/// Longest id that is repeated to the client, in characters.
const LONGEST_ID: usize = 150;

impl WebError {
    /// There is no such thing; of what was asked for, only so much is repeated
    /// as an id of ours may have.
    pub fn missing(what: &'static str, id: &str) -> Self {
        Self::Missing {
            what,
            id: id.chars().take(LONGEST_ID).collect(),
        }
    }

    fn telling(&self) -> Telling {
        use StatusCode as S;
        match self {
            Self::SignedOut => Telling(
                S::UNAUTHORIZED,
                "signed-out",
                "the session cookie",
                "sign in at /sign-in or with POST /api/sign-in",
            ),
            Self::Forbidden { .. } => Telling(
                S::FORBIDDEN,
                "forbidden",
                "the role of who is signed in",
                "sign in as somebody with this role, or ask an admin for it",
            ),
            Self::Forged { .. } => Telling(
                S::FORBIDDEN,
                "forged",
                "the headers Sec-Fetch-Site, Origin and X-CSRF-Token, or the form field csrf",
                "load the page again; API clients send the csrf value of GET /api/me as X-CSRF-Token",
            ),
            Self::WrongCredentials => Telling(
                S::UNAUTHORIZED,
                "wrong-credentials",
                "name and password",
                "try again, or ask an admin for a new password",
            ),
            Self::Locked { .. } => Telling(
                S::TOO_MANY_REQUESTS,
                "locked",
                "sign-in for this name from this address",
                "wait, then try again",
            ),
            Self::TooMany { .. } => Telling(
                S::TOO_MANY_REQUESTS,
                "too-many",
                "requests of this login",
                "wait, then try again",
            ),
            Self::NoSuchAddress => Telling(
                S::NOT_FOUND,
                "no-such-address",
                "the path",
                "the API's addresses stand in /api/openapi.json",
            ),
            Self::NoSuchMethod { .. } => Telling(
                S::METHOD_NOT_ALLOWED,
                "no-such-method",
                "the method",
                "the API's methods stand in /api/openapi.json",
            ),
            Self::Missing { .. } => Telling(
                S::NOT_FOUND,
                "missing",
                "the path",
                "take the id from the matching list",
            ),
            Self::BadInput { place, .. } => Telling(
                S::UNPROCESSABLE_ENTITY,
                "bad-input",
                place,
                "correct it; the expected form stands in /api/openapi.json",
            ),
            Self::TooLarge { .. } => {
                Telling(S::PAYLOAD_TOO_LARGE, "too-large", "the body", "send less")
            }
            Self::Overloaded => Telling(
                S::SERVICE_UNAVAILABLE,
                "overloaded",
                "the engine",
                "try again in a second",
            ),
            Self::Refused(refusal) => Telling(
                match refusal {
                    Refusal::NoSuchAgent
                    | Refusal::NoSuchCall
                    | Refusal::NoSuchCallback
                    | Refusal::NoSuchMessage => S::NOT_FOUND,
                    Refusal::CallbackForbidden => S::FORBIDDEN,
                    Refusal::UnknownReason => S::UNPROCESSABLE_ENTITY,
                    Refusal::NotPermitted | Refusal::NotYourMailbox | Refusal::NumberForbidden => {
                        S::FORBIDDEN
                    }
                    _ => S::CONFLICT,
                },
                refusal.word(),
                "the call or the agent as they are now",
                "look at the agent and the call, and ask for what can be done with them now",
            ),
            Self::Draining => Telling(
                S::SERVICE_UNAVAILABLE,
                "draining",
                "the controller",
                "wait for the next one, which goes on with every call",
            ),
            Self::Stopped => Telling(
                S::SERVICE_UNAVAILABLE,
                "stopped",
                "the engine",
                "start the controller again; its log says why it ended",
            ),
            Self::LinksDown { .. } => Telling(
                S::SERVICE_UNAVAILABLE,
                "links-down",
                "the links to the switches",
                "see that the switch runs and can be reached; `switchyard doctor` tries it",
            ),
            Self::Store(error) if error.is_away() => Telling(
                S::SERVICE_UNAVAILABLE,
                "store-away",
                "the store",
                "see that the database runs; calls go on meanwhile",
            ),
            Self::Store(_) => Telling(
                S::INTERNAL_SERVER_ERROR,
                "store",
                "the store",
                "the controller's log has the details; `switchyard doctor` tries the store",
            ),
            Self::Internal { .. } => Telling(
                S::INTERNAL_SERVER_ERROR,
                "internal",
                "the controller",
                "report it with the controller's log of this time",
            ),
        }
    }

    /// What the client is told. Causes inside the controller stay in its log.
    pub fn problem(&self) -> Problem {
        let Telling(status, kind, place, mend) = self.telling();
        let detail = match self {
            Self::Store(error) if error.is_away() => "the store does not answer now".to_owned(),
            Self::Store(_) => "the store could not do it".to_owned(),
            Self::Internal { what, .. } => (*what).to_owned(),
            other => other.to_string(),
        };
        Problem {
            kind: format!("urn:switchyard:problem:{kind}"),
            title: status.canonical_reason().unwrap_or("Error").to_owned(),
            status: status.as_u16(),
            detail,
            place: place.to_owned(),
            mend: mend.to_owned(),
        }
    }

    /// The part of the problem's type that names its kind.
    pub fn kind(&self) -> &'static str {
        self.telling().1
    }
}

impl IntoResponse for WebError {
    /// Problem JSON; the [`Problem`] rides along for the pages' error page.
    fn into_response(self) -> Response {
        let problem = self.problem();
        let status = self.telling().0;
        if status.is_server_error() {
            tracing::warn!(error = %self, "a request failed");
        }
        let mut response = (status, Json(&problem)).into_response();
        let headers = response.headers_mut();
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/problem+json"),
        );
        match self {
            Self::Locked { seconds } | Self::TooMany { seconds } => {
                headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
            }
            Self::Overloaded => {
                headers.insert(header::RETRY_AFTER, HeaderValue::from(1));
            }
            _ => {}
        }
        response.extensions_mut().insert(problem);
        response
    }
}

impl From<StoreError> for WebError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<RequestError> for WebError {
    fn from(error: RequestError) -> Self {
        match error {
            RequestError::UnknownAgent(id) => Self::missing("agent", id.as_str()),
            RequestError::Overloaded => Self::Overloaded,
            RequestError::Stopped => Self::Stopped,
            RequestError::Refused(refusal) => Self::Refused(refusal),
        }
    }
}

impl From<PasswordError> for WebError {
    fn from(error: PasswordError) -> Self {
        match error {
            PasswordError::Store(error) => Self::Store(error),
            other => Self::Internal {
                what: "the password could not be checked",
                why: other.to_string(),
            },
        }
    }
}

impl From<NoRandomness> for WebError {
    fn from(error: NoRandomness) -> Self {
        Self::Internal {
            what: "no session could be made",
            why: error.to_string(),
        }
    }
}

impl From<handlebars::RenderError> for WebError {
    fn from(error: handlebars::RenderError) -> Self {
        Self::Internal {
            what: "the page could not be made",
            why: error.to_string(),
        }
    }
}

macro_rules! rejections {
    ($($rejection:ident => $place:literal),+) => {$(
        impl From<$rejection> for WebError {
            fn from(rejection: $rejection) -> Self {
                if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE {
                    return Self::TooLarge { limit: MAX_BODY };
                }
                Self::BadInput { place: $place, what: rejection.body_text() }
            }
        }
    )+};
}

rejections!(
    JsonRejection => "the JSON body",
    FormRejection => "the form",
    QueryRejection => "the query"
);

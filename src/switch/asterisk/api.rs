//! ARI over HTTP: one request, one bounded answer.

use super::address::AriAddress;
use super::request::{BadRequest, Method, Request};
use crate::engine::id::{ChannelId, SwitchId};
use crate::switch::{Failure, PhoneNumber};
use reqwest::header::HeaderValue;
use serde::de::DeserializeOwned;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use tokio::sync::Semaphore;

/// The largest answer read, in bytes: a list of 10,000 channels is about 10 MB.
const MAX_ANSWER: usize = 32 << 20;
/// The largest recording fetched: a day of 8 kHz, 16 bit mono is 1.4 GB.
const MAX_RECORDING: u64 = 2 << 30;
const ANSWER_WITHIN: Duration = Duration::from_secs(5);
/// A recording in pieces; each must come within this time.
const PIECE_WITHIN: Duration = Duration::from_secs(30);
/// Asterisk closes idle connections after 15 s; ours go before, so that no
/// request meets a connection that is just being closed.
const KEEP_IDLE: Duration = Duration::from_secs(5);

/// Requests under way at once. Asterisk's HTTP server takes 100 connections by
/// default (http.conf, `session_limit`), the websocket and others' included.
const AT_ONCE: usize = 64;

/// The HTTP side of ARI. Cheap to clone.
#[derive(Clone, Debug)]
pub(super) struct Api {
    http: reqwest::Client,
    address: AriAddress,
    user: String,
    password: String,
    free: Arc<Semaphore>,
}

/// Why a request had no effect.
#[derive(Debug, thiserror::Error)]
pub(super) enum ApiError {
    #[error("{request}: Asterisk answered {status}: {message}")]
    Status {
        request: String,
        status: u16,
        message: String,
    },
    #[error("{request}: {why}")]
    Transport { request: String, why: String },
    #[error("{request}: the answer is not what ARI documents: {why}")]
    Answer { request: String, why: String },
    #[error("{request}: the answer is larger than {limit} bytes")]
    TooLarge { request: String, limit: u64 },
    #[error("{request}: {why}")]
    File {
        request: String,
        why: std::io::Error,
    },
    #[error("number {0} cannot be dialled: the switch has no `outbound` setting")]
    NoOutbound(PhoneNumber),
    #[error(
        "an agent on {0} cannot be rung: the switch has no trunk to it in its `trunks` setting"
    )]
    NoTrunk(SwitchId),
    #[error("legs {0} and {1} are not in one bridge")]
    Apart(ChannelId, ChannelId),
    #[error(
        "no message lamp can be lit: Asterisk has neither res_ari_mailboxes nor the context \
         switchyard-lamp of the dialplan (switchyard render dialplan): {0}"
    )]
    NoLamp(Box<ApiError>),
    #[error(transparent)]
    Bad(#[from] BadRequest),
}

impl ApiError {
    pub(super) fn failure(&self) -> Failure {
        match self {
            ApiError::Status { status: 404, .. } => Failure::NoSuchChannel,
            ApiError::Apart(..)
            | ApiError::Status {
                status: 409 | 412 | 422,
                ..
            } => Failure::WrongState,
            ApiError::Transport { .. } => Failure::LinkDown,
            _ => Failure::Refused,
        }
    }

    pub(super) fn is_missing(&self) -> bool {
        matches!(self, ApiError::Status { status: 404, .. })
    }

    /// The channel exists, and is not in our application (yet, or any more); or
    /// what shall be made exists.
    pub(super) fn is_conflict(&self) -> bool {
        matches!(self, ApiError::Status { status: 409, .. })
    }
}

impl Api {
    pub(super) fn new(address: AriAddress, user: &str, password: &str) -> Self {
        // The builder can fail only while it sets up TLS, which is not built in.
        let http = reqwest::Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(ANSWER_WITHIN)
            .pool_idle_timeout(KEEP_IDLE)
            .build()
            .unwrap_or_default();
        Self {
            http,
            address,
            user: user.to_owned(),
            password: password.to_owned(),
            free: Arc::new(Semaphore::new(AT_ONCE)),
        }
    }

    pub(super) fn address(&self) -> &AriAddress {
        &self.address
    }

    /// The value of the `Authorization` header, for the websocket.
    pub(super) fn authorization(&self) -> Option<HeaderValue> {
        let request = self
            .http
            .get(self.address.base())
            .basic_auth(&self.user, Some(&self.password));
        let built = request.build().ok()?;
        built.headers().get(reqwest::header::AUTHORIZATION).cloned()
    }

    /// Sends a request whose answer holds nothing we need.
    pub(super) async fn send(&self, request: &Request) -> Result<(), ApiError> {
        self.answer(request).await.map(drop)
    }

    pub(super) async fn fetch<T: DeserializeOwned>(
        &self,
        request: &Request,
    ) -> Result<T, ApiError> {
        let body = self.answer(request).await?;
        serde_json::from_slice(&body).map_err(|error| ApiError::Answer {
            request: request.to_string(),
            why: error.to_string(),
        })
    }

    async fn answer(&self, request: &Request) -> Result<Vec<u8>, ApiError> {
        // The semaphore is never closed.
        let _place = self.free.acquire().await;
        let work = async {
            let mut response = self.open(request).await?;
            let mut body = Vec::new();
            while let Some(piece) = response.chunk().await.map_err(|e| transport(request, &e))? {
                if body.len() + piece.len() > MAX_ANSWER {
                    return Err(too_large(request, MAX_ANSWER as u64));
                }
                body.extend_from_slice(&piece);
            }
            Ok(body)
        };
        within(ANSWER_WITHIN, request, work).await?
    }

    /// Writes the body of the answer to the file `into`.
    pub(super) async fn download(&self, request: &Request, into: &Path) -> Result<(), ApiError> {
        let file_error = |why| ApiError::File {
            request: request.to_string(),
            why,
        };
        let mut response = within(PIECE_WITHIN, request, self.open(request)).await??;
        let mut file = tokio::fs::File::create(into).await.map_err(file_error)?;
        let mut length = 0;
        loop {
            let piece = within(PIECE_WITHIN, request, response.chunk()).await?;
            let Some(piece) = piece.map_err(|e| transport(request, &e))? else {
                break;
            };
            length += piece.len() as u64;
            if length > MAX_RECORDING {
                return Err(too_large(request, MAX_RECORDING));
            }
            file.write_all(&piece).await.map_err(file_error)?;
        }
        file.sync_all().await.map_err(file_error)
    }

    /// Sends the request and gives the answer once its status says success.
    async fn open(&self, request: &Request) -> Result<reqwest::Response, ApiError> {
        let url = format!("{}{}", self.address.base(), request.address()?);
        let method = match request.method {
            Method::Get => reqwest::Method::GET,
            Method::Post => reqwest::Method::POST,
            Method::Put => reqwest::Method::PUT,
            Method::Delete => reqwest::Method::DELETE,
        };
        let mut builder = self
            .http
            .request(method, url)
            .basic_auth(&self.user, Some(&self.password));
        if let Some(body) = &request.body {
            let json = HeaderValue::from_static("application/json");
            builder = builder
                .header(reqwest::header::CONTENT_TYPE, json)
                .body(body.clone());
        }
        let mut response = builder.send().await.map_err(|e| transport(request, &e))?;
        if response.status().is_success() {
            return Ok(response);
        }
        let status = response.status().as_u16();
        let piece = response.chunk().await.ok().flatten().unwrap_or_default();
        Err(ApiError::Status {
            request: request.to_string(),
            status,
            message: reason(status, &piece),
        })
    }
}

async fn within<T>(
    limit: Duration,
    request: &Request,
    work: impl Future<Output = T>,
) -> Result<T, ApiError> {
    let late = |_| ApiError::Transport {
        request: request.to_string(),
        why: format!("no answer within {} s", limit.as_secs()),
    };
    tokio::time::timeout(limit, work).await.map_err(late)
}

/// What Asterisk says of a refusal: `{"message": …}`.
fn reason(status: u16, body: &[u8]) -> String {
    #[derive(serde::Deserialize)]
    struct Refusal {
        message: String,
    }
    if status == 401 {
        return "wrong user or password (ari.conf)".to_owned();
    }
    match serde_json::from_slice::<Refusal>(body) {
        Ok(refusal) => refusal.message,
        Err(_) => "no reason given".to_owned(),
    }
}

fn transport(request: &Request, error: &reqwest::Error) -> ApiError {
    let mut why = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        why = format!("{why}: {cause}");
        source = cause.source();
    }
    ApiError::Transport {
        request: request.to_string(),
        why,
    }
}

fn too_large(request: &Request, limit: u64) -> ApiError {
    ApiError::TooLarge {
        request: request.to_string(),
        limit,
    }
}

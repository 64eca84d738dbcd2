//! The few requests that the doctor makes to ARI: small enough to fail in plain
//! words, where the adapter retries.

use crate::config::switch::AsteriskConfig;
use futures_util::StreamExt;
use reqwest::{Client, Method, StatusCode, Url};
use serde::de::DeserializeOwned;
use std::time::Duration;
use tokio::sync::oneshot;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::HeaderValue;

const PATIENCE: Duration = Duration::from_secs(5);

/// The Stasis application and the channel of a trial.
pub(super) const TRIAL: &str = "switchyard-doctor";

/// What the doctor asks came to nothing.
#[derive(Debug, thiserror::Error)]
pub(super) enum AriTrouble {
    #[error("ARI at {url} cannot be reached: {why}")]
    Unreachable { url: String, why: String },
    #[error("ARI at {url} refused the user and password")]
    Password { url: String },
    #[error("ARI at {url} answered {status}")]
    Status { url: String, status: StatusCode },
    #[error("ARI at {url} answered what is not expected of it: {why}")]
    Answer { url: String, why: String },
    #[error("{url:?} is not an address such as http://127.0.0.1:8088/ari")]
    Address { url: String },
}

impl AriTrouble {
    /// What would mend it.
    pub(super) fn mend(&self) -> &'static str {
        match self {
            AriTrouble::Unreachable { .. } => {
                "start Asterisk, enable http.conf and ari.conf, or correct `url`"
            }
            AriTrouble::Password { .. } => "compare `user` and `password` with ari.conf",
            AriTrouble::Status { .. } => "correct `url`; it usually ends with /ari",
            AriTrouble::Answer { .. } => "see whether something else answers at `url`",
            AriTrouble::Address { .. } => "correct `url`",
        }
    }
}

/// The few requests that the doctor makes.
pub(super) struct Ari {
    client: Client,
    base: Url,
    user: String,
    password: String,
}

impl Ari {
    pub(super) fn new(settings: &AsteriskConfig) -> Result<Self, AriTrouble> {
        let address = || AriTrouble::Address {
            url: settings.url.clone(),
        };
        let base = Url::parse(&settings.url).map_err(|_| address())?;
        if base.cannot_be_a_base() || !base.scheme().starts_with("http") {
            return Err(address());
        }
        let client = Client::builder()
            .timeout(PATIENCE)
            .no_proxy()
            .build()
            .map_err(|error| AriTrouble::Unreachable {
                url: settings.url.clone(),
                why: error.to_string(),
            })?;
        Ok(Self {
            client,
            base,
            user: settings.user.clone(),
            password: settings.password.clone(),
        })
    }

    pub(super) async fn get<T: DeserializeOwned>(
        &self,
        path: &[&str],
        query: &[(&str, &str)],
    ) -> Result<T, AriTrouble> {
        self.call(Method::GET, path, query).await
    }

    pub(super) async fn call<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &[&str],
        query: &[(&str, &str)],
    ) -> Result<T, AriTrouble> {
        let url = self.url(path);
        let shown = url.to_string();
        let unreachable = |error: reqwest::Error| {
            let why = deepest(&error);
            AriTrouble::Unreachable {
                url: self.base.to_string(),
                why,
            }
        };
        let answer = self
            .client
            .request(method, url)
            .query(query)
            .basic_auth(&self.user, Some(&self.password))
            .send()
            .await
            .map_err(unreachable)?;
        match answer.status() {
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Err(AriTrouble::Password {
                url: self.base.to_string(),
            }),
            status if !status.is_success() => Err(AriTrouble::Status { url: shown, status }),
            StatusCode::NO_CONTENT => from_json("{}", shown),
            _ => from_json(&answer.text().await.map_err(unreachable)?, shown),
        }
    }

    /// Opens the event stream of the trial's application, without which a
    /// channel made for it is gone at once. It ends when the sender is dropped.
    pub(super) async fn listen(&self) -> Result<oneshot::Sender<()>, AriTrouble> {
        let shown = self.base.to_string();
        let unreachable = |why: String| AriTrouble::Unreachable {
            url: shown.clone(),
            why,
        };
        let mut url = self.url(&["events"]);
        let scheme = if self.base.scheme() == "https" {
            "wss"
        } else {
            "ws"
        };
        url.set_scheme(scheme)
            .map_err(|()| AriTrouble::Address { url: shown.clone() })?;
        url.query_pairs_mut().append_pair("app", TRIAL);
        let mut request = url
            .as_str()
            .into_client_request()
            .map_err(|error| unreachable(error.to_string()))?;
        let signed = self
            .client
            .get(self.base.clone())
            .basic_auth(&self.user, Some(&self.password))
            .build()
            .map_err(|error| unreachable(error.to_string()))?;
        if let Some(value) = signed.headers().get(reqwest::header::AUTHORIZATION) {
            let value = HeaderValue::from_bytes(value.as_bytes());
            request.headers_mut().insert(
                "authorization",
                value.map_err(|error| unreachable(error.to_string()))?,
            );
        }
        let connecting = tokio_tungstenite::connect_async(request);
        let (mut socket, _) = tokio::time::timeout(PATIENCE, connecting)
            .await
            .map_err(|_| unreachable("no answer".to_owned()))?
            .map_err(|error| unreachable(error.to_string()))?;
        let (stop, stopped) = oneshot::channel::<()>();
        #[expect(
            clippy::disallowed_methods,
            reason = "reads what the trial's channel says until it is over"
        )]
        tokio::spawn(async move {
            let read = async { while socket.next().await.is_some() {} };
            tokio::select! { () = read => {}, _ = stopped => {} }
        });
        Ok(stop)
    }

    pub(super) fn host(&self) -> &str {
        self.base.host_str().unwrap_or_default()
    }

    fn url(&self, path: &[&str]) -> Url {
        let mut url = self.base.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(path);
        }
        url
    }
}

fn from_json<T: DeserializeOwned>(text: &str, url: String) -> Result<T, AriTrouble> {
    serde_json::from_str(text).map_err(|error| AriTrouble::Answer {
        url,
        why: error.to_string(),
    })
}

/// The innermost cause: "Connection refused", not "error sending request".
fn deepest(error: &dyn std::error::Error) -> String {
    let mut cause = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause.to_string()
}

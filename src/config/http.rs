//! `[http]`: where the pages and the API are served.

use crate::engine::time::Span;
use serde::{Deserialize, Serialize};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

/// The web server of the pages and the API.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct HttpConfig {
    /// Address and port to listen on. Put a TLS proxy before anything but loopback.
    pub listen: SocketAddr,
    /// The address people type, for example `https://calls.example.com`. With
    /// `https` the session cookie is sent over TLS only.
    pub public_url: Option<String>,
    /// How long a sign-in lasts, in hours.
    pub session_hours: u32,
}

impl Default for HttpConfig {
    fn default() -> Self {
        Self {
            listen: SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 8480),
            public_url: None,
            session_hours: 12,
        }
    }
}

impl HttpConfig {
    /// How long a sign-in lasts.
    pub fn session(&self) -> Span {
        Span::seconds(self.session_hours.saturating_mul(3_600))
    }

    /// Whether browsers reach us over TLS.
    pub fn is_https(&self) -> bool {
        self.public_url
            .as_deref()
            .is_some_and(|url| url.starts_with("https://"))
    }
}

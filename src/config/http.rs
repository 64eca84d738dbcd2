//! `[http]`: where the pages and the API are served.

use crate::config::section::section;
use crate::engine::time::Span;
use std::net::SocketAddr;
use std::num::NonZeroU32;

section! {
    /// The web server of the pages and the API.
    pub struct HttpConfig {
        /// Address and port to listen on. Put a TLS proxy before anything but loopback.
        default listen: SocketAddr = "127.0.0.1:8480",
        /// The address people type. With `https` the session cookie is sent over TLS only.
        optional public_url: Option<String> = "https://calls.example.com",
        /// How long a sign-in lasts, in hours.
        default session_hours: NonZeroU32 = 12,
    }
}

impl HttpConfig {
    /// The defaults, on another address.
    pub fn on(listen: SocketAddr) -> Self {
        Self {
            listen,
            public_url: None,
            session_hours: const { NonZeroU32::new(12).expect("12 is not 0") },
        }
    }

    /// How long a sign-in lasts.
    pub fn session(&self) -> Span {
        Span::seconds(self.session_hours.get().saturating_mul(3_600))
    }

    /// Whether browsers reach us over TLS.
    pub fn is_https(&self) -> bool {
        self.public_url
            .as_deref()
            .is_some_and(|url| url.starts_with("https://"))
    }
}

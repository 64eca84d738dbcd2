//! The base address of ARI: `http://host:port/ari`.

use reqwest::Url;

/// A checked base address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AriAddress {
    base: String,
    host: String,
    port: u16,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotAnAriAddress {
    #[error("{url:?} is not an address ({why}); write it like \"http://127.0.0.1:8088/ari\"")]
    Malformed { url: String, why: String },
    #[error(
        "{url:?}: ARI is reached over plain http only; keep it on loopback (http.conf: \
         bindaddr = 127.0.0.1) or put a tunnel that encrypts between the two machines, and \
         write \"http://127.0.0.1:8088/ari\""
    )]
    Scheme { url: String },
    #[error("{url:?} names no host; write it like \"http://127.0.0.1:8088/ari\"")]
    NoHost { url: String },
    #[error("{url:?} holds a user name or password; they belong in \"user\" and \"password\"")]
    Credentials { url: String },
}

impl AriAddress {
    /// # Errors
    /// [`NotAnAriAddress`], with how to mend it.
    pub fn new(url: &str) -> Result<Self, NotAnAriAddress> {
        let malformed = |error: &dyn std::fmt::Display| NotAnAriAddress::Malformed {
            url: url.to_owned(),
            why: error.to_string(),
        };
        let parsed = Url::parse(url).map_err(|error| malformed(&error))?;
        let url = url.to_owned();
        if parsed.scheme() != "http" {
            return Err(NotAnAriAddress::Scheme { url });
        }
        if !parsed.username().is_empty() || parsed.password().is_some() {
            return Err(NotAnAriAddress::Credentials { url });
        }
        let Some(host) = parsed.host_str() else {
            return Err(NotAnAriAddress::NoHost { url });
        };
        let port = parsed.port_or_known_default().unwrap_or(80);
        let path = parsed.path().trim_end_matches('/');
        Ok(Self {
            base: format!("http://{host}:{port}{path}"),
            host: host.trim_matches(['[', ']']).to_owned(),
            port,
        })
    }

    /// Without a slash at the end.
    pub(super) fn base(&self) -> &str {
        &self.base
    }

    pub(super) fn host_and_port(&self) -> (&str, u16) {
        (&self.host, self.port)
    }

    /// Where the events come from.
    pub(super) fn events(&self, path: &str) -> String {
        format!("ws{}{path}", self.base.trim_start_matches("http"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_is_taken_apart() {
        let address = AriAddress::new("http://127.0.0.1:8088/ari/").unwrap();
        assert_eq!(address.base(), "http://127.0.0.1:8088/ari");
        assert_eq!(address.host_and_port(), ("127.0.0.1", 8088));
        let events = address.events("/events?app=switchyard");
        assert_eq!(events, "ws://127.0.0.1:8088/ari/events?app=switchyard");
        assert_eq!(
            AriAddress::new("http://[::1]/ari").unwrap().host_and_port(),
            ("::1", 80)
        );
    }

    #[test]
    fn what_cannot_work_is_refused_with_the_way_to_mend_it() {
        for url in ["https://a/ari", "http://u:p@a/ari", "127.0.0.1:8088", ""] {
            let error = AriAddress::new(url).unwrap_err().to_string();
            assert!(error.contains(&format!("{url:?}")), "{error}");
        }
    }
}

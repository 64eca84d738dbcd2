//! One ARI request, and the one function that quotes what goes into its address.

use std::fmt;
use std::fmt::Write as _;

/// The most characters of an address that are sent: a caller's texts are cut
/// long before, so a longer one is a fault of ours.
const MAX_ADDRESS: usize = 8_192;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Method {
    Get,
    Post,
    Put,
    Delete,
}

/// A request below ARI's base address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Request {
    pub(super) method: Method,
    path: Vec<String>,
    query: Vec<(&'static str, String)>,
    /// Sent as JSON.
    pub(super) body: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum BadRequest {
    #[error("{0:?} cannot be a part of an ARI path")]
    Segment(String),
    #[error("an ARI address of {0} characters is longer than {MAX_ADDRESS}")]
    Long(usize),
}

impl Request {
    pub(super) fn new(method: Method, path: &[&str]) -> Self {
        Self {
            method,
            path: path.iter().map(|part| (*part).to_owned()).collect(),
            query: Vec::new(),
            body: None,
        }
    }

    pub(super) fn get(path: &[&str]) -> Self {
        Self::new(Method::Get, path)
    }

    pub(super) fn post(path: &[&str]) -> Self {
        Self::new(Method::Post, path)
    }

    pub(super) fn delete(path: &[&str]) -> Self {
        Self::new(Method::Delete, path)
    }

    pub(super) fn query(mut self, name: &'static str, value: impl fmt::Display) -> Self {
        self.query.push((name, value.to_string()));
        self
    }

    pub(super) fn json(mut self, body: String) -> Self {
        self.body = Some(body);
        self
    }

    /// Path and query, quoted, beginning with '/'.
    ///
    /// # Errors
    /// [`BadRequest`] when a part of the path would change its meaning, or the
    /// whole is too long.
    pub(super) fn address(&self) -> Result<String, BadRequest> {
        let mut address = String::new();
        for part in &self.path {
            // A URL library reads these as steps up the path, quoted or not.
            if part.is_empty() || part == "." || part == ".." {
                return Err(BadRequest::Segment(part.clone()));
            }
            address.push('/');
            quote(part, &mut address);
        }
        for (n, (name, value)) in self.query.iter().enumerate() {
            address.push(if n == 0 { '?' } else { '&' });
            address.push_str(name);
            address.push('=');
            quote(value, &mut address);
        }
        if address.len() > MAX_ADDRESS {
            return Err(BadRequest::Long(address.len()));
        }
        Ok(address)
    }
}

impl fmt::Display for Request {
    /// Method and path, for people; values are left out.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let method = match self.method {
            Method::Get => "GET",
            Method::Post => "POST",
            Method::Put => "PUT",
            Method::Delete => "DELETE",
        };
        write!(f, "{method} /{}", self.path.join("/"))
    }
}

/// Appends `text` percent-encoded: everything but RFC 3986's unreserved characters.
fn quote(text: &str, into: &mut String) {
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            into.push(char::from(byte));
        } else {
            // Writing to a String cannot fail.
            let _ = write!(into, "%{byte:02X}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn unquote(text: &str) -> String {
        let mut bytes = Vec::new();
        let mut rest = text.bytes();
        while let Some(byte) = rest.next() {
            if byte == b'%' {
                let hex = [rest.next().unwrap(), rest.next().unwrap()];
                let hex = std::str::from_utf8(&hex).unwrap().to_owned();
                bytes.push(u8::from_str_radix(&hex, 16).unwrap());
            } else {
                bytes.push(byte);
            }
        }
        String::from_utf8(bytes).unwrap()
    }

    proptest! {
        #[test]
        fn any_text_gives_one_address_that_holds_it(part in ".{1,60}", value in ".{0,60}") {
            prop_assume!(part != "." && part != "..");
            let request = Request::post(&["channels", &part, "play"]).query("media", &value);
            let address = request.address().unwrap();
            let legal = |c: char| c.is_ascii_alphanumeric() || "-._~%/?=".contains(c);
            prop_assert!(address.chars().all(legal), "{address}");
            let url = reqwest::Url::parse(&format!("http://127.0.0.1:8088/ari{address}")).unwrap();
            let path: Vec<String> = url.path().split('/').map(unquote).collect();
            prop_assert_eq!(path, vec!["", "ari", "channels", part.as_str(), "play"]);
            let query = url.query().unwrap();
            prop_assert_eq!(query.split('&').count(), 1);
            prop_assert_eq!(unquote(query.strip_prefix("media=").unwrap()), value);
        }
    }

    #[test]
    fn a_step_up_the_path_is_refused() {
        for part in ["", ".", ".."] {
            assert_eq!(
                Request::get(&["channels", part]).address(),
                Err(BadRequest::Segment(part.to_owned()))
            );
        }
    }
}

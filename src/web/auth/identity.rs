//! Who asks: reads the session's cookie of every request, and writes it.

use crate::clock;
use crate::config::http::HttpConfig;
use crate::engine::time::Span;
use crate::web::Web;
use crate::web::auth::secret::Secret;
use crate::web::error::WebError;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, header};
use axum::middleware::Next;
use axum::response::Response;

/// Middleware: puts the [`Secret`] and the [`super::Session`] of a valid cookie
/// into the request's extensions.
///
/// # Errors
/// [`WebError::Store`] when the store is away and the session not remembered.
pub async fn identify(
    State(web): State<Web>,
    mut request: Request,
    next: Next,
) -> Result<Response, WebError> {
    if let Some(value) = cookie(request.headers(), cookie_name(&web.settings)) {
        let secret = Secret::presented(value);
        if let Some(session) = web.sessions.find(&secret, clock::now()).await? {
            request.extensions_mut().insert(secret);
            request.extensions_mut().insert(session);
        }
    }
    Ok(next.run(request).await)
}

/// The value of a cookie of the request.
pub fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let lines = headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|line| line.to_str().ok());
    let pairs = lines
        .flat_map(|line| line.split(';'))
        .filter_map(|pair| pair.split_once('='));
    pairs
        .map(|(found, value)| (found.trim(), value.trim()))
        .find(|(found, _)| *found == name)
        .map(|(_, value)| value)
}

/// `__Host-` binds the cookie to this host, this path and TLS.
fn cookie_name(settings: &HttpConfig) -> &'static str {
    if settings.is_https() {
        "__Host-switchyard"
    } else {
        "switchyard"
    }
}

/// The `Set-Cookie` line that signs a browser in.
pub fn session_cookie(settings: &HttpConfig, secret: &Secret, lifetime: Span) -> String {
    line(settings, secret.reveal(), lifetime.as_millis() / 1_000)
}

/// The `Set-Cookie` line that removes the session's cookie.
pub fn no_session_cookie(settings: &HttpConfig) -> String {
    line(settings, "", 0)
}

fn line(settings: &HttpConfig, value: &str, seconds: u64) -> String {
    let secure = if settings.is_https() { "; Secure" } else { "" };
    let name = cookie_name(settings);
    format!("{name}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Strict{secure}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cookie_is_strict_and_secure_behind_https() {
        let plain = HttpConfig::on(([127, 0, 0, 1], 8480).into());
        let tls = HttpConfig {
            public_url: Some("https://calls.example.com".to_owned()),
            ..HttpConfig::on(([127, 0, 0, 1], 8480).into())
        };
        let secret = Secret::presented("abc");
        let plain = session_cookie(&plain, &secret, Span::seconds(60));
        assert_eq!(
            plain,
            "switchyard=abc; Path=/; Max-Age=60; HttpOnly; SameSite=Strict"
        );
        let tls = session_cookie(&tls, &secret, Span::seconds(60));
        assert!(tls.starts_with("__Host-switchyard=abc; Path=/"));
        assert!(tls.ends_with("; HttpOnly; SameSite=Strict; Secure"));
    }

    #[test]
    fn one_cookie_is_found_among_others() {
        let mut headers = HeaderMap::new();
        headers.append(header::COOKIE, "a=1; switchyard=x=y".parse().unwrap());
        headers.append(header::COOKIE, "lang=en".parse().unwrap());
        assert_eq!(cookie(&headers, "switchyard"), Some("x=y"));
        assert_eq!(cookie(&headers, "lang"), Some("en"));
        assert_eq!(cookie(&headers, "b"), None);
    }
}

//! Against forged requests: whatever changes something must come from one of
//! our own pages, and with a session also carry that session's token.

use crate::config::http::HttpConfig;
use crate::web::Web;
use crate::web::auth::Session;
use crate::web::auth::secret::same;
use crate::web::error::{MAX_BODY, WebError};
use axum::body::{Body, to_bytes};
use axum::extract::{Form, FromRequest, Request, State};
use axum::http::{HeaderMap, Method, header};
use axum::middleware::Next;
use axum::response::Response;
use serde::Deserialize;
use std::sync::Arc;

/// The header of the token; forms send it as the field `csrf`.
pub const TOKEN_HEADER: &str = "x-csrf-token";

#[derive(Deserialize)]
struct TokenField {
    #[serde(default)]
    csrf: String,
}

/// Middleware: lets only requests of our own pages change anything.
///
/// # Errors
/// [`WebError::Forged`].
pub async fn protect(
    State(web): State<Web>,
    request: Request,
    next: Next,
) -> Result<Response, WebError> {
    if matches!(
        *request.method(),
        Method::GET | Method::HEAD | Method::OPTIONS
    ) {
        return Ok(next.run(request).await);
    }
    check_origin(request.headers(), &web.settings)?;
    let Some(session) = request.extensions().get::<Arc<Session>>().cloned() else {
        return Ok(next.run(request).await);
    };
    let (token, request) = token(request).await?;
    if !same(&token, &session.csrf) {
        return Err(WebError::Forged {
            why: "the session's token is missing or wrong",
        });
    }
    Ok(next.run(request).await)
}

/// Browsers say where a request comes from; a client that says nothing is no browser.
fn check_origin(headers: &HeaderMap, settings: &HttpConfig) -> Result<(), WebError> {
    let text = |name| {
        headers
            .get(name)
            .map(|value| value.to_str().unwrap_or("unreadable"))
    };
    match text(header::HeaderName::from_static("sec-fetch-site")) {
        Some("same-origin" | "none") => return Ok(()),
        Some(_) => {
            return Err(WebError::Forged {
                why: "it came from another site",
            });
        }
        None => {}
    }
    let Some(origin) = text(header::ORIGIN) else {
        return Ok(());
    };
    let host = text(header::HOST).unwrap_or_default();
    let public = settings
        .public_url
        .as_deref()
        .map(|url| url.trim_end_matches('/'));
    let ours = Some(origin) == public || origin.split_once("://").is_some_and(|(_, of)| of == host);
    if ours {
        Ok(())
    } else {
        Err(WebError::Forged {
            why: "its origin is another site",
        })
    }
}

/// The token of the header, or else of the form.
async fn token(request: Request) -> Result<(String, Request), WebError> {
    let headers = request.headers();
    if let Some(token) = headers.get(TOKEN_HEADER) {
        return Ok((token.to_str().unwrap_or_default().to_owned(), request));
    }
    let kind = headers
        .get(header::CONTENT_TYPE)
        .and_then(|kind| kind.to_str().ok());
    if !kind.is_some_and(|kind| kind.starts_with("application/x-www-form-urlencoded")) {
        return Ok((String::new(), request));
    }
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, MAX_BODY)
        .await
        .map_err(|_| WebError::TooLarge { limit: MAX_BODY })?;
    let copy = Request::from_parts(parts.clone(), Body::from(body.clone()));
    let Form(field) = Form::<TokenField>::from_request(copy, &()).await?;
    Ok((field.csrf, Request::from_parts(parts, Body::from(body))))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(lines: &[(&'static str, &str)]) -> HeaderMap {
        let lines = lines.iter();
        lines
            .map(|(name, value)| {
                (
                    header::HeaderName::from_static(name),
                    value.parse().unwrap(),
                )
            })
            .collect()
    }

    #[test]
    fn only_our_own_origin_may_change_anything() {
        let settings = HttpConfig {
            public_url: Some("https://calls.example.com/".to_owned()),
            ..HttpConfig::on(([127, 0, 0, 1], 8480).into())
        };
        let ours = |lines: &[_]| check_origin(&headers(lines), &settings).is_ok();
        assert!(ours(&[("sec-fetch-site", "same-origin")]));
        assert!(!ours(&[("sec-fetch-site", "cross-site")]));
        assert!(!ours(&[
            ("sec-fetch-site", "same-site"),
            ("origin", "https://calls.example.com")
        ]));
        assert!(ours(&[
            ("origin", "https://calls.example.com"),
            ("host", "127.0.0.1:8480")
        ]));
        assert!(ours(&[
            ("origin", "http://127.0.0.1:8480"),
            ("host", "127.0.0.1:8480")
        ]));
        assert!(!ours(&[
            ("origin", "https://evil.example"),
            ("host", "127.0.0.1:8480")
        ]));
        assert!(!ours(&[("origin", "null"), ("host", "127.0.0.1:8480")]));
        assert!(ours(&[("host", "127.0.0.1:8480")]));
    }
}

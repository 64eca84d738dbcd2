//! The language of the pages: chosen by a link and kept in a cookie, else the
//! person's, else what the browser wants, else Chinese.

use crate::switch::Language;
use crate::web::auth::Session;
use crate::web::auth::identity::cookie;
use crate::web::error::WebError;
use crate::web::locale::{self, LANGUAGES};
use axum::extract::{FromRequestParts, Path};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Uri, header};
use axum::response::{IntoResponse, Redirect};
use std::convert::Infallible;
use std::sync::Arc;

const COOKIE: &str = "language";

/// The language a request is to be answered in.
#[derive(Clone, Copy, Debug)]
pub struct Tongue(pub Language);

impl<S: Sync> FromRequestParts<S> for Tongue {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let session = parts.extensions.get::<Arc<Session>>();
        Ok(Self(of(
            &parts.headers,
            session.map(|session| session.language),
        )))
    }
}

pub(super) fn of(headers: &HeaderMap, persons: Option<Language>) -> Language {
    let chosen = cookie(headers, COOKIE).or(persons.map(Language::tag));
    let wanted = headers
        .get(header::ACCEPT_LANGUAGE)
        .and_then(|list| list.to_str().ok());
    locale::choose(chosen, wanted)
}

/// Remembers the language for a year and goes back to the page.
///
/// # Errors
/// [`WebError::NoSuchAddress`] for a language we do not have.
pub async fn choose(
    Path(tag): Path<String>,
    headers: HeaderMap,
) -> Result<impl IntoResponse, WebError> {
    let language = LANGUAGES.into_iter().find(|language| language.tag() == tag);
    let tag = language.ok_or(WebError::NoSuchAddress)?.tag();
    let cookie = format!("{COOKIE}={tag}; Path=/; Max-Age=31536000; SameSite=Lax");
    Ok((
        [(header::SET_COOKIE, cookie)],
        Redirect::to(&page_before(&headers)),
    ))
}

/// The path the link was on: of the address, nothing but the path is used, so
/// that it cannot lead elsewhere.
fn page_before(headers: &HeaderMap) -> String {
    let referer = headers
        .get(header::REFERER)
        .and_then(|referer| referer.to_str().ok());
    let path = referer.and_then(|referer| Some(referer.parse::<Uri>().ok()?.path().to_owned()));
    path.filter(|path| path.starts_with('/') && !path.starts_with("//"))
        .unwrap_or("/".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn going_back_never_leads_to_another_site() {
        let back = |referer: &str| {
            page_before(&HeaderMap::from_iter([(
                header::REFERER,
                referer.parse().unwrap(),
            )]))
        };
        assert_eq!(back("http://127.0.0.1:8480/calls?x=1"), "/calls");
        assert_eq!(back("https://evil.example//evil.example/x"), "/");
        assert_eq!(back("nonsense"), "/");
    }
}

//! The pages, rendered here and kept live by [`crate::web::live`].

pub mod agent;
pub mod call;
pub mod callbacks;
pub mod calls;
mod course;
pub mod language;
pub mod live;
pub mod messages;
mod names;
mod others;
pub mod problem;
pub mod requests;
pub mod sign_in;
mod why;

use crate::clock;
use crate::switch::Language;
use crate::web::Web;
use crate::web::auth::{Session, role_word};
use crate::web::error::WebError;
use crate::web::locale::LANGUAGES;
use axum::response::Html;
use serde::Serialize;

/// A page: what all pages have around what this one has.
#[derive(Serialize)]
struct Page<'a, B: Serialize> {
    lang: &'static str,
    /// The languages one can change to.
    languages: Vec<&'static str>,
    /// The server's time, to which the browser's clocks are set.
    now: i64,
    /// The entry of the navigation that this page is.
    here: &'static str,
    who: Option<Who<'a>>,
    #[serde(flatten)]
    body: B,
}

/// Who is signed in, as the page's head shows it.
#[derive(Serialize)]
struct Who<'a> {
    name: &'a str,
    role: &'static str,
    csrf: &'a str,
    sees_calls: bool,
}

impl<'a> Who<'a> {
    fn of(session: &'a Session) -> Self {
        Self {
            name: &session.display_name,
            role: role_word(session.role),
            csrf: &session.csrf,
            sees_calls: session.role >= live::CALLS_SEEN_BY,
        }
    }
}

fn render(
    web: &Web,
    template: &str,
    language: Language,
    session: Option<&Session>,
    body: impl Serialize,
) -> Result<Html<String>, WebError> {
    let page = Page {
        lang: language.tag(),
        languages: LANGUAGES
            .into_iter()
            .filter(|other| *other != language)
            .map(Language::tag)
            .collect(),
        now: clock::now().as_millis(),
        here: NAVIGATION
            .iter()
            .find(|(name, _)| *name == template)
            .map_or("", |(_, here)| here),
        who: session.map(Who::of),
        body,
    };
    Ok(Html(web.templates.render(template, &page)?))
}

/// Which entry of the navigation a template belongs to.
const NAVIGATION: [(&str, &str); 7] = [
    ("live", "live"),
    ("agent", "agent"),
    ("callbacks", "callbacks"),
    ("calls", "calls"),
    ("call", "calls"),
    ("requests", "requests"),
    ("messages", "messages"),
];

/// The word that the API uses for a value of a plain enum.
fn word(value: &impl Serialize) -> String {
    let word = serde_json::to_value(value).ok();
    word.and_then(|word| Some(word.as_str()?.to_owned()))
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::centre::Strategy;
    use crate::engine::explanation::{Exclusion, Trigger};
    use crate::web::locale::Locales;

    #[test]
    fn every_reason_of_a_decision_has_its_words() {
        let locales = Locales::load().unwrap();
        let strategies = Strategy::ALL.map(|one| format!("strategy-{}", word(&one)));
        let triggers = Trigger::ALL.map(|one| format!("trigger-{}", word(&one)));
        let exclusions = Exclusion::ALL.map(|one| format!("exclusion-{}", word(&one)));
        for key in strategies.iter().chain(&triggers).chain(&exclusions) {
            assert!(locales.has(key), "{key} has no text");
        }
    }
}

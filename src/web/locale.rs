//! The interface's texts in Chinese and English, from `locales/*/*.ftl`.

use crate::switch::Language;
use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource};
use std::collections::BTreeMap;

const CHINESE: &str = include_str!("../../locales/zh-CN/web.ftl");
const ENGLISH: &str = include_str!("../../locales/en/web.ftl");

/// The languages of the interface, the default first.
pub const LANGUAGES: [Language; 2] = [Language::Chinese, Language::English];

/// A locale file that is not valid Fluent: what was wrong.
#[derive(Debug, thiserror::Error)]
#[error("the texts in {language} are not valid: {why}")]
pub struct LocaleError {
    language: &'static str,
    why: String,
}

/// All texts, ready to be formatted.
pub struct Locales(BTreeMap<Language, FluentBundle<FluentResource>>);

impl Locales {
    /// # Errors
    /// [`LocaleError`] when a file is not valid Fluent.
    pub fn load() -> Result<Self, LocaleError> {
        let sources = [(Language::Chinese, CHINESE), (Language::English, ENGLISH)];
        let bundles = sources.map(|(language, source)| Ok((language, bundle(language, source)?)));
        bundles.into_iter().collect::<Result<_, _>>().map(Self)
    }

    /// The text named `key`, or the key itself, so that a missing text is seen.
    pub fn text(&self, language: Language, key: &str, args: &FluentArgs<'_>) -> String {
        let found = self.0.get(&language).and_then(|bundle| {
            let pattern = bundle.get_message(key)?.value()?;
            let mut errors = Vec::new();
            let text = bundle
                .format_pattern(pattern, Some(args), &mut errors)
                .into_owned();
            if !errors.is_empty() {
                tracing::warn!(key, ?errors, "a text could not be formatted in full");
            }
            Some(text)
        });
        found.unwrap_or_else(|| key.to_owned())
    }

    /// Whether there is a text named `key` in every language.
    pub fn has(&self, key: &str) -> bool {
        self.0.values().all(|bundle| bundle.has_message(key))
    }
}

/// The language that fits best: the one chosen, else the first one the browser
/// wants and we have, else Chinese.
pub fn choose(chosen: Option<&str>, accept_language: Option<&str>) -> Language {
    let wanted = accept_language.into_iter().flat_map(|list| list.split(','));
    let wanted = wanted.map(|entry| entry.split(';').next().unwrap_or_default().trim());
    chosen
        .into_iter()
        .chain(wanted)
        .find_map(by_tag)
        .unwrap_or_default()
}

fn by_tag(tag: &str) -> Option<Language> {
    let primary = tag.split('-').next()?.to_ascii_lowercase();
    LANGUAGES
        .into_iter()
        .find(|language| language.tag().starts_with(&primary) && !primary.is_empty())
}

fn bundle(language: Language, source: &str) -> Result<FluentBundle<FluentResource>, LocaleError> {
    let fault = |why: String| LocaleError {
        language: language.tag(),
        why,
    };
    let resource = FluentResource::try_new(source.to_owned())
        .map_err(|(_, errors)| fault(format!("{errors:?}")))?;
    let tag = language
        .tag()
        .parse()
        .map_err(|error| fault(format!("{error:?}")))?;
    let mut bundle = FluentBundle::new_concurrent(vec![tag]);
    // Direction marks around inserted values would be copied with the text.
    bundle.set_use_isolating(false);
    bundle
        .add_resource(resource)
        .map_err(|errors| fault(format!("{errors:?}")))?;
    Ok(bundle)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_languages_have_the_same_texts() {
        let keys = |source: &str| -> Vec<String> {
            let lines = source
                .lines()
                .filter(|line| !line.starts_with(['#', ' ', '}']));
            lines
                .filter_map(|line| Some(line.split_once(" =")?.0.to_owned()))
                .collect()
        };
        assert_eq!(keys(CHINESE), keys(ENGLISH));
        Locales::load().unwrap();
    }

    #[test]
    fn chinese_unless_another_language_of_ours_is_wanted() {
        assert_eq!(choose(None, None), Language::Chinese);
        assert_eq!(
            choose(None, Some("fr, en-GB;q=0.8, zh;q=0.2")),
            Language::English
        );
        assert_eq!(choose(None, Some("fr")), Language::Chinese);
        assert_eq!(choose(Some("zh-CN"), Some("en")), Language::Chinese);
        assert_eq!(choose(Some("en"), None), Language::English);
        assert_eq!(choose(Some(""), Some("*")), Language::Chinese);
    }
}

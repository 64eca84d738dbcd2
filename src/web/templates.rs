//! The pages' templates, built into the program, with the helpers they use.

use crate::engine::time::Timestamp;
use crate::switch::Language;
use crate::web::assets;
use crate::web::locale::{Locales, choose};
use fluent_bundle::{FluentArgs, FluentValue};
use handlebars::{
    Context, Handlebars, Helper, HelperDef, RenderContext, RenderError, RenderErrorReason,
    ScopedJson,
};
use jiff::tz::TimeZone;
use serde::Serialize;
use std::sync::Arc;

macro_rules! templates {
    ($($name:literal),+ $(,)?) => {
        &[$(($name, include_str!(concat!("../../templates/web/", $name, ".hbs")))),+]
    };
}

/// Every template by name; a name with '/' is a part of a page.
pub(super) const SOURCES: &[(&str, &str)] = templates![
    "layout",
    "sign_in",
    "live",
    "live/alarms",
    "live/summary",
    "live/links",
    "live/queues",
    "live/calls",
    "live/agents",
    "live/me",
    "calls",
    "callbacks",
    "call",
    "messages",
    "call/waiting",
    "agent",
    "requests",
    "problem",
];

/// A template that does not parse.
#[derive(Debug, thiserror::Error)]
#[error("the template {name} is not valid: {why}")]
pub struct TemplateError {
    name: &'static str,
    why: String,
}

/// The templates, ready to render.
pub struct Templates {
    handlebars: Handlebars<'static>,
}

impl Templates {
    /// # Errors
    /// [`TemplateError`] when a template does not parse.
    pub fn load(locales: Arc<Locales>) -> Result<Self, TemplateError> {
        let mut handlebars = Handlebars::new();
        handlebars.set_strict_mode(true);
        for (name, source) in SOURCES {
            handlebars
                .register_template_string(name, source)
                .map_err(|error| TemplateError {
                    name,
                    why: error.to_string(),
                })?;
        }
        handlebars.register_helper("told", Box::new(Told(Arc::clone(&locales))));
        handlebars.register_helper("list", Box::new(List(Arc::clone(&locales))));
        handlebars.register_helper("t", Box::new(Text(locales)));
        handlebars.register_helper("asset", Box::new(Asset));
        for (name, format) in [("clock", "%Y-%m-%d %H:%M:%S"), ("time", "%H:%M:%S")] {
            let zone = TimeZone::system();
            handlebars.register_helper(name, Box::new(Clock { zone, format }));
        }
        handlebars.register_helper("query", Box::new(InQuery));
        handlebars.register_helper("span", Box::new(SpanOfTime));
        Ok(Self { handlebars })
    }

    /// # Errors
    /// [`RenderError`] when the data lack what the template names.
    pub fn render(&self, name: &str, data: &impl Serialize) -> Result<String, RenderError> {
        self.handlebars.render(name, data)
    }
}

/// `{{t "key" name=value}}`: a text in the page's language (its `lang`). Several
/// parts make one key: `{{t "agent-state-" state}}`.
struct Text(Arc<Locales>);

impl HelperDef for Text {
    fn call_inner<'reg: 'rc, 'rc>(
        &self,
        helper: &Helper<'rc>,
        _: &'reg Handlebars<'reg>,
        context: &'rc Context,
        _: &mut RenderContext<'reg, 'rc>,
    ) -> Result<ScopedJson<'rc>, RenderError> {
        let key = joined(helper);
        let mut args = FluentArgs::new();
        for (name, value) in helper.hash() {
            let value = value.value();
            let value = match (value.as_i64(), value.as_str()) {
                (Some(number), _) => FluentValue::from(number),
                (None, Some(text)) => FluentValue::from(text.to_owned()),
                (None, None) => FluentValue::from(value.to_string()),
            };
            args.set((*name).to_owned(), value);
        }
        let text = self.0.text(language(context), &key, &args);
        Ok(ScopedJson::Derived(text.into()))
    }
}

/// `{{told "cause-" cause}}`: the text for a word, or the word itself where
/// there is none.
struct Told(Arc<Locales>);

impl HelperDef for Told {
    fn call_inner<'reg: 'rc, 'rc>(
        &self,
        helper: &Helper<'rc>,
        _: &'reg Handlebars<'reg>,
        context: &'rc Context,
        _: &mut RenderContext<'reg, 'rc>,
    ) -> Result<ScopedJson<'rc>, RenderError> {
        let key = joined(helper);
        let word = helper
            .params()
            .last()
            .map(|param| param.render())
            .unwrap_or_default();
        let told = match self.0.has(&key) {
            true => self.0.text(language(context), &key, &FluentArgs::new()),
            false => word,
        };
        Ok(ScopedJson::Derived(told.into()))
    }
}

/// `{{list texts}}`: several texts one after the other, parted as the page's
/// language does it.
struct List(Arc<Locales>);

impl HelperDef for List {
    fn call_inner<'reg: 'rc, 'rc>(
        &self,
        helper: &Helper<'rc>,
        _: &'reg Handlebars<'reg>,
        context: &'rc Context,
        _: &mut RenderContext<'reg, 'rc>,
    ) -> Result<ScopedJson<'rc>, RenderError> {
        let texts = helper.param(0).and_then(|param| param.value().as_array());
        let texts = texts.ok_or(RenderErrorReason::ParamNotFoundForIndex("list", 0))?;
        let texts: Vec<&str> = texts.iter().filter_map(|text| text.as_str()).collect();
        let comma = self.0.text(language(context), "comma", &FluentArgs::new());
        Ok(ScopedJson::Derived(texts.join(&comma).into()))
    }
}

/// `{{asset "name"}}`: the address of an asset, with its version.
struct Asset;

impl HelperDef for Asset {
    fn call_inner<'reg: 'rc, 'rc>(
        &self,
        helper: &Helper<'rc>,
        _: &'reg Handlebars<'reg>,
        _: &'rc Context,
        _: &mut RenderContext<'reg, 'rc>,
    ) -> Result<ScopedJson<'rc>, RenderError> {
        let name = joined(helper);
        match assets::address(&name) {
            Some(address) => Ok(ScopedJson::Derived(address.into())),
            None => Err(RenderErrorReason::Other(format!("there is no asset {name:?}")).into()),
        }
    }
}

/// `{{clock millis}}`: date and time in the system's zone; `{{time millis}}`: the time alone.
struct Clock {
    zone: TimeZone,
    format: &'static str,
}

impl HelperDef for Clock {
    fn call_inner<'reg: 'rc, 'rc>(
        &self,
        helper: &Helper<'rc>,
        _: &'reg Handlebars<'reg>,
        _: &'rc Context,
        _: &mut RenderContext<'reg, 'rc>,
    ) -> Result<ScopedJson<'rc>, RenderError> {
        let text = jiff::Timestamp::from_millisecond(number(helper, "clock")?)
            .map(|at| {
                at.to_zoned(self.zone.clone())
                    .strftime(self.format)
                    .to_string()
            })
            .unwrap_or_default();
        Ok(ScopedJson::Derived(text.into()))
    }
}

/// `{{query text}}`: a text as part of a query.
struct InQuery;

impl HelperDef for InQuery {
    fn call_inner<'reg: 'rc, 'rc>(
        &self,
        helper: &Helper<'rc>,
        _: &'reg Handlebars<'reg>,
        _: &'rc Context,
        _: &mut RenderContext<'reg, 'rc>,
    ) -> Result<ScopedJson<'rc>, RenderError> {
        let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._~".contains(byte);
        let encoded = joined(helper)
            .bytes()
            .fold(String::new(), |mut encoded, byte| {
                match plain(&byte) {
                    true => encoded.push(char::from(byte)),
                    false => encoded.push_str(&format!("%{byte:02X}")),
                }
                encoded
            });
        Ok(ScopedJson::Derived(encoded.into()))
    }
}

/// `{{span millis}}`: a length of time as `m:ss` or `h:mm:ss`.
struct SpanOfTime;

impl HelperDef for SpanOfTime {
    fn call_inner<'reg: 'rc, 'rc>(
        &self,
        helper: &Helper<'rc>,
        _: &'reg Handlebars<'reg>,
        _: &'rc Context,
        _: &mut RenderContext<'reg, 'rc>,
    ) -> Result<ScopedJson<'rc>, RenderError> {
        let text = clock_span(number(helper, "span")?);
        Ok(ScopedJson::Derived(text.into()))
    }
}

/// A length in milliseconds as people read it on a clock.
pub(super) fn clock_span(millis: i64) -> String {
    let whole = Timestamp::from_millis(millis)
        .since(Timestamp::default())
        .as_millis()
        / 1_000;
    let (hours, minutes, seconds) = (whole / 3_600, whole / 60 % 60, whole % 60);
    match hours {
        0 => format!("{minutes}:{seconds:02}"),
        _ => format!("{hours}:{minutes:02}:{seconds:02}"),
    }
}

fn language(context: &Context) -> Language {
    choose(
        context.data().get("lang").and_then(|lang| lang.as_str()),
        None,
    )
}

/// The parameters of a helper, one after the other.
fn joined(helper: &Helper<'_>) -> String {
    helper.params().iter().map(|param| param.render()).collect()
}

fn number(helper: &Helper<'_>, name: &'static str) -> Result<i64, RenderError> {
    let value = helper.param(0).and_then(|param| param.value().as_i64());
    value.ok_or_else(|| RenderErrorReason::ParamNotFoundForIndex(name, 0).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_text_a_template_names_exists() {
        let locales = Locales::load().unwrap();
        for (name, source) in SOURCES {
            for rest in source.split("(t \"").chain(source.split("{{t \"")).skip(1) {
                let (key, after) = rest.split_once('"').unwrap_or_default();
                // A key that goes on with a word is checked where the word comes from.
                if after.starts_with([' ', '}', ')']) && !key.ends_with('-') && !key.contains('<') {
                    assert!(locales.has(key), "{name}: {key:?} is in no locale");
                }
            }
        }
    }

    #[test]
    fn every_word_of_the_domain_has_its_text() {
        use crate::engine::agent::AgentState as Agent;
        use crate::engine::call::CallState as Call;
        let locales = Locales::load().unwrap();
        let agents = [
            Agent::SignedOut,
            Agent::Ready,
            Agent::Offered,
            Agent::OnCall,
            Agent::WrapUp,
        ];
        let calls = [
            Call::Arrived,
            Call::InFlow,
            Call::Waiting,
            Call::Offered,
            Call::Connected,
        ];
        let agents = agents.iter().map(|state| format!("agent-{}", state.word()));
        let calls = calls.iter().map(|state| format!("call-{}", state.word()));
        for key in agents.chain(calls) {
            assert!(locales.has(&key), "{key:?} is in no locale");
        }
    }

    #[test]
    fn a_span_reads_like_a_clock() {
        let read = [0, 61_999, 3_600_000, -5].map(clock_span);
        assert_eq!(read, ["0:00", "1:01", "1:00:00", "0:00"]);
    }
}

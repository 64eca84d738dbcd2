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
    "live/summary",
    "live/links",
    "live/queues",
    "live/calls",
    "live/agents",
    "live/me",
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
        handlebars.register_helper("t", Box::new(Text(locales)));
        handlebars.register_helper("asset", Box::new(Asset));
        handlebars.register_helper("clock", Box::new(Clock(TimeZone::system())));
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

/// `{{clock millis}}`: date and time in the system's zone.
struct Clock(TimeZone);

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
                at.to_zoned(self.0.clone())
                    .strftime("%Y-%m-%d %H:%M:%S")
                    .to_string()
            })
            .unwrap_or_default();
        Ok(ScopedJson::Derived(text.into()))
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
fn clock_span(millis: i64) -> String {
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

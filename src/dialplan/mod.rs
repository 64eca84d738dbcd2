//! The dialplan of a switch, rendered from `dialplans/*.hbs`: it hands calls
//! over to the controller, and keeps them on a fallback path while it is away.
//!
//! Two fences stand before every value: [`plain`] refuses what has a meaning in
//! a dialplan, and each template escapes for its format.

pub mod plain;

use crate::config::Config;
use crate::config::switch::{SwitchConfig, SwitchKind};
use handlebars::{Handlebars, RenderError, TemplateError, handlebars_helper};
use plain::{NotPlain, application_data, name, number};
use serde::Serialize;

const FREESWITCH: &str = include_str!("../../dialplans/freeswitch.xml.hbs");
const ASTERISK: &str = include_str!("../../dialplans/asterisk.conf.hbs");

#[derive(Debug, thiserror::Error)]
pub enum DialplanError {
    #[error(transparent)]
    NotPlain(#[from] NotPlain),
    #[error("the simulated switch has no dialplan")]
    Simulated,
    #[error("the dialplan template is broken: {0}")]
    Template(#[from] Box<TemplateError>),
    #[error("the dialplan cannot be rendered: {0}")]
    Render(#[from] Box<RenderError>),
}

/// What every template is given; see the comment at the head of each.
#[derive(Debug, Serialize)]
struct Values<'a> {
    switch_id: &'a str,
    context: &'a str,
    numbers: Vec<&'a str>,
    music: &'a str,
    announcement: String,
    again_s: u32,
    again_times: u32,
    dead_man_s: u32,
    fallback_queue: Option<&'a str>,
    /// Asterisk: the Stasis application.
    app: Option<&'a str>,
    /// FreeSWITCH: the fallback extension, without its dialplan and context.
    fallback: Option<&'a str>,
}

/// The dialplan of `switch`.
///
/// # Errors
/// [`DialplanError::NotPlain`] when a name or number of the configuration could
/// be read as dialplan syntax.
pub fn render(config: &Config, switch: &SwitchConfig) -> Result<String, DialplanError> {
    let dialplan = &config.dialplan;
    let mut values = Values {
        switch_id: name("switches", switch.id.as_str())?,
        context: name("dialplan.context", &dialplan.context)?,
        numbers: config
            .numbers
            .keys()
            .map(|dialled| number(dialled))
            .collect::<Result<_, _>>()?,
        music: name("dialplan.music", dialplan.music.as_str())?,
        announcement: String::new(),
        again_s: dialplan.again_s.get(),
        again_times: dialplan.again_times.get(),
        dead_man_s: config.limits.dead_man_s.get(),
        fallback_queue: dialplan
            .fallback_queue
            .as_deref()
            .map(|queue| name("dialplan.fallback_queue", queue))
            .transpose()?,
        app: None,
        fallback: None,
    };
    let prompt = name("dialplan.announcement", dialplan.announcement.as_str())?;
    let language = config.centre.language.tag();
    match &switch.kind {
        SwitchKind::Freeswitch(freeswitch) => {
            let folder = freeswitch.prompts.to_string_lossy();
            let folder = application_data("prompts", &folder)?;
            values.announcement = format!("{folder}/{language}/{prompt}.wav");
            let extension = freeswitch
                .fallback
                .split_whitespace()
                .next()
                .unwrap_or_default();
            values.fallback = Some(name("fallback", extension)?);
            fill(FREESWITCH, escape_xml, &values)
        }
        SwitchKind::Asterisk(asterisk) => {
            let folder = application_data("prompts", &asterisk.prompts)?;
            values.announcement = format!("{folder}/{language}/{prompt}");
            values.app = Some(name("app", &asterisk.app)?);
            fill(ASTERISK, escape_asterisk, &values)
        }
        SwitchKind::Simulated(_) => Err(DialplanError::Simulated),
    }
}

fn fill(
    template: &str,
    escape: fn(&str) -> String,
    values: &Values<'_>,
) -> Result<String, DialplanError> {
    let mut handlebars = Handlebars::new();
    handlebars.set_strict_mode(true);
    handlebars.register_escape_fn(escape);
    handlebars.register_helper("pattern", Box::new(pattern));
    handlebars
        .register_template_string("dialplan", template)
        .map_err(Box::new)?;
    Ok(handlebars.render("dialplan", values).map_err(Box::new)?)
}

handlebars_helper!(pattern: |text: str| escape_pattern(text));

/// A regular expression that matches `text` and nothing else.
fn escape_pattern(text: &str) -> String {
    text.chars().fold(String::new(), |mut escaped, c| {
        if c.is_ascii_punctuation() && c != '_' {
            escaped.push('\\');
        }
        escaped.push(c);
        escaped
    })
}

/// Escapes for an XML attribute or text.
fn escape_xml(text: &str) -> String {
    handlebars::html_escape(text)
}

/// Escapes for an application's argument in extensions.conf: a backslash before
/// what ends an argument or begins a comment or a variable.
fn escape_asterisk(text: &str) -> String {
    text.chars().fold(String::new(), |mut escaped, c| {
        if matches!(c, '\\' | ',' | ';' | '"' | '$' | '|') {
            escaped.push('\\');
        }
        escaped.push(c);
        escaped
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_format_has_its_own_escapes() {
        assert_eq!(escape_xml("<a & \"b\">"), "&lt;a &amp; &quot;b&quot;&gt;");
        assert_eq!(escape_pattern("+86.4001*"), "\\+86\\.4001\\*");
        assert_eq!(escape_asterisk("a,${b};c"), "a\\,\\${b}\\;c");
    }
}

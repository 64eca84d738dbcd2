//! The dialplan of a switch, rendered from `dialplans/*.hbs`: it hands calls
//! over to the controller, and keeps them on a fallback path while it is away.
//!
//! Two fences stand before every value: [`plain`] refuses what has a meaning in
//! a dialplan, and each template escapes for its format.

pub mod plain;
mod values;

use crate::config::Config;
use crate::config::switch::{SwitchConfig, SwitchKind};
use handlebars::{Handlebars, RenderError, TemplateError};
use plain::{NotPlain, name};
use serde::Serialize;
use values::{AsteriskValues, FreeswitchValues};

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

/// The dialplan of `switch`.
///
/// # Errors
/// [`DialplanError::NotPlain`] when a name or number of the configuration could
/// be read as dialplan syntax.
pub fn render(config: &Config, switch: &SwitchConfig) -> Result<String, DialplanError> {
    let id = name("switches", switch.id.as_str())?;
    match &switch.kind {
        SwitchKind::Freeswitch(freeswitch) => fill(
            FREESWITCH,
            escape_xml,
            &FreeswitchValues::new(config, id, freeswitch)?,
        ),
        SwitchKind::Asterisk(asterisk) => fill(
            ASTERISK,
            escape_asterisk,
            &AsteriskValues::new(config, id, asterisk)?,
        ),
        SwitchKind::Simulated(_) => Err(DialplanError::Simulated),
    }
}

fn fill(
    template: &str,
    escape: fn(&str) -> String,
    values: &impl Serialize,
) -> Result<String, DialplanError> {
    let mut handlebars = Handlebars::new();
    handlebars.set_strict_mode(true);
    handlebars.register_escape_fn(escape);
    handlebars
        .register_template_string("dialplan", template)
        .map_err(Box::new)?;
    Ok(handlebars.render("dialplan", values).map_err(Box::new)?)
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
        assert_eq!(escape_asterisk("a,${b};c"), "a\\,\\${b}\\;c");
    }
}

//! What becomes of each parameter of another queue.

use crate::import::{Given, Remarks};
use crate::nearest;

/// One documented parameter.
#[derive(Debug)]
pub(super) struct Parameter {
    pub(super) name: &'static str,
    pub(super) rule: Rule,
}

#[derive(Debug)]
pub(super) enum Rule {
    /// Becomes one of our keys.
    Taken,
    /// Becomes one of our keys, which differs in something.
    Near(&'static str),
    /// Not needed here, and why.
    Needless(&'static str),
    /// With one of these values it is as here; otherwise it is lost, and what
    /// to do instead.
    Unless(&'static [&'static str], &'static str),
    /// Lost, and what to do instead.
    Lost(&'static str),
}

pub(super) const fn taken(name: &'static str) -> Parameter {
    Parameter {
        name,
        rule: Rule::Taken,
    }
}

pub(super) const fn near(name: &'static str, what: &'static str) -> Parameter {
    Parameter {
        name,
        rule: Rule::Near(what),
    }
}

pub(super) const fn needless(name: &'static str, why: &'static str) -> Parameter {
    Parameter {
        name,
        rule: Rule::Needless(why),
    }
}

/// Values that switch something off.
pub(super) const OFF: &[&str] = &["no", "false", "0", "off", "n", "f", ""];
/// Values that switch something on.
pub(super) const ON: &[&str] = &["yes", "true", "1", "on", "y", "t"];

pub(super) const fn unless(
    name: &'static str,
    same: &'static [&'static str],
    instead: &'static str,
) -> Parameter {
    Parameter {
        name,
        rule: Rule::Unless(same, instead),
    }
}

pub(super) const fn lost(name: &'static str, instead: &'static str) -> Parameter {
    Parameter {
        name,
        rule: Rule::Lost(instead),
    }
}

pub(super) fn is_yes(value: &str) -> bool {
    ON.iter().any(|on| on.eq_ignore_ascii_case(value.trim()))
}

/// Says of each setting what its rule says; one that `table` does not know is lost.
pub(super) fn judge<'g>(
    table: &[Parameter],
    given: impl IntoIterator<Item = &'g Given>,
    remarks: &mut Remarks,
) {
    for given in given {
        let known = table
            .iter()
            .find(|parameter| parameter.name.eq_ignore_ascii_case(&given.name));
        let (line, subject) = (given.line, given.subject());
        let Some(parameter) = known else {
            let names = table.iter().map(|parameter| parameter.name);
            let near = nearest::suggestion(&given.name, names).unwrap_or_default();
            remarks.lost(line, subject, format!("unknown parameter; {near}"));
            continue;
        };
        match parameter.rule {
            Rule::Taken => {}
            Rule::Near(what) => remarks.note(line, subject, what),
            Rule::Needless(why) => remarks.note(line, subject, format!("not needed: {why}")),
            Rule::Lost(instead) => remarks.lost(line, subject, instead),
            Rule::Unless(same, instead) => {
                let value = given.value.trim();
                if same.iter().any(|same| same.eq_ignore_ascii_case(value)) {
                    remarks.note(line, subject, "as here");
                } else {
                    remarks.lost(line, subject, instead);
                }
            }
        }
    }
}

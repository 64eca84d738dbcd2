//! An agent's contact: a dial string of FreeSWITCH.

use crate::import::{Given, Remarks, names};

/// What is rung for an agent.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Contact {
    pub(super) extension: Option<String>,
    pub(super) ring_s: Option<u32>,
}

impl Contact {
    /// `[leg_timeout=10]user/1000@default`; what else is in it is reported.
    pub(super) fn read(given: &Given, remarks: &mut Remarks) -> Self {
        let mut contact = Self::default();
        let mut rest = given.value.trim();
        while let Some((variables, after)) = bracketed(rest) {
            contact.variables(variables, given, remarks);
            rest = after;
        }
        let mut legs = rest.split([',', '|']);
        let first = legs.next().unwrap_or_default();
        if legs.next().is_some() {
            let what = format!("one device is rung for an agent; {first} is taken");
            remarks.lost(given.line, given.subject(), what);
        }
        contact.extension = extension(first, given, remarks);
        contact
    }

    fn variables(&mut self, text: &str, given: &Given, remarks: &mut Remarks) {
        for variable in text.split(',') {
            let (name, value) = variable.split_once('=').unwrap_or((variable, ""));
            match (name.trim(), value.trim().parse()) {
                ("leg_timeout" | "originate_timeout", Ok(seconds)) => self.ring_s = Some(seconds),
                (name, _) => {
                    let subject = format!("{}: contact: {name}", given.section);
                    let what = "variables of single legs are not set here; set it in the user's entry in \
                                the directory, or in the dialplan";
                    remarks.lost(given.line, subject, what);
                }
            }
        }
    }
}

/// The text within leading `[…]` or `{…}`, and what follows.
fn bracketed(text: &str) -> Option<(&str, &str)> {
    let close = match text.chars().next()? {
        '[' => ']',
        '{' => '}',
        '<' => '>',
        _ => return None,
    };
    let (variables, after) = text[1..].split_once(close)?;
    Some((variables, after.trim_start()))
}

fn extension(leg: &str, given: &Given, remarks: &mut Remarks) -> Option<String> {
    let (technology, address) = leg.split_once('/')?;
    let user = match technology {
        "user" => address,
        // sofia/<profile>/<user>@<host>
        "sofia" if !address.starts_with("gateway/") => address.split_once('/')?.1,
        "loopback" => address.split('/').next()?,
        _ => {
            let what = format!(
                "{leg} is no device of the switch; put how agents are dialled into endpoint under \
                 [switches.<id>]"
            );
            remarks.lost(given.line, given.subject(), what);
            return None;
        }
    };
    let name = user.split(['@', '%']).next()?;
    names::extension(name.trim_start_matches("sip:"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(contact: &str) -> (Contact, usize) {
        let given = Given {
            name: "contact".to_owned(),
            value: contact.to_owned(),
            line: 1,
            section: "agent a".to_owned(),
        };
        let mut remarks = Remarks::default();
        (Contact::read(&given, &mut remarks), remarks.0.len())
    }

    #[test]
    fn a_dial_string_gives_extension_and_ringing_time() {
        for (contact, extension, ring_s, remarks) in [
            ("user/1000@default", Some("1000"), None, 0),
            (
                "[leg_timeout=10]user/1000@default",
                Some("1000"),
                Some(10),
                0,
            ),
            ("{a=b}[leg_timeout=10]user/1000", Some("1000"), Some(10), 1),
            ("sofia/internal/1001@10.0.0.5:5060", Some("1001"), None, 0),
            ("sofia/internal/1001%pbx", Some("1001"), None, 0),
            ("sofia/gateway/carrier/13800000000", None, None, 1),
            ("user/1000,user/1001", Some("1000"), None, 1),
            ("verto.rtc/1000", None, None, 1),
        ] {
            let (read, count) = read(contact);
            assert_eq!(read.extension.as_deref(), extension, "{contact}");
            assert_eq!((read.ring_s, count), (ring_s, remarks), "{contact}");
        }
    }
}

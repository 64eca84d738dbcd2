//! The arguments of `originate`: `{name=value,…}endpoint &application() …`.

use crate::switch::Extension;
use std::collections::BTreeMap;

/// Who is to be called, and with which channel variables.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct DialString {
    pub(super) variables: BTreeMap<String, String>,
    pub(super) extension: Extension,
}

/// What `originate` says to arguments it does not understand.
pub(super) const USAGE: &str = "-USAGE: <call url> <exten>|&<application_name>(<app_args>) \
     [<dialplan>] [<context>] [<cid_name>] [<cid_num>] [<timeout_sec>]\n";

/// Variables one leg may be dialled with.
const MAX_VARIABLES: usize = 200;

impl DialString {
    /// None when the arguments are not understood.
    pub(super) fn parse(arguments: &str) -> Option<Self> {
        let (variables, rest) = match arguments.strip_prefix('{') {
            Some(rest) => rest.split_once('}')?,
            None => ("", arguments),
        };
        let (endpoint, what) = rest.trim_start().split_once(' ')?;
        if what.trim().is_empty() {
            return None;
        }
        let variables: BTreeMap<String, String> = variables
            .split(',')
            .filter_map(|pair| pair.split_once('='))
            .map(|(name, value)| (name.trim().to_owned(), value.trim_matches('\'').to_owned()))
            .take(MAX_VARIABLES)
            .collect();
        let last = endpoint.rsplit('/').next().unwrap_or_default();
        let extension = last.split('@').next().unwrap_or_default();
        Some(Self {
            variables,
            extension: Extension::new(extension).ok()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_extension_is_found_in_every_kind_of_endpoint() {
        for endpoint in [
            "user/1001",
            "sofia/internal/1001@10.0.0.5:5060",
            "loopback/1001",
        ] {
            let parsed = DialString::parse(&format!("{{a=1,b='x y'}}{endpoint} &park()")).unwrap();
            assert_eq!(parsed.extension.as_str(), "1001");
            assert_eq!(parsed.variables["b"], "x y");
        }
    }

    #[test]
    fn what_is_no_dial_string_is_refused() {
        for text in [
            "",
            "foo",
            "{a=1 user/1001 &park()",
            "user/ &park()",
            "user/1001 ",
        ] {
            assert_eq!(DialString::parse(text), None, "{text:?}");
        }
    }
}

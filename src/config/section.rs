//! How a section of the file becomes a struct.
//!
//! [`section!`] declares a struct once: its documentation, its fields, and for
//! each field whether it is required and its default or example, written as
//! TOML. From that come the struct, its reader (which reports every finding,
//! not only the first) and its part of `switchyard.example.toml`.

use crate::config::finding::{ConfigErrors, Findings, Place};
use crate::config::source::{self, Node, Table, Value};
use crate::nearest;
use serde::de::DeserializeOwned;
use std::collections::BTreeMap;
use std::path::Path;
use std::str::FromStr;

/// A struct that is read from one table of the file.
pub trait Section: Sized {
    const DOC: &'static [&'static str];
    const FIELDS: &'static [Field];

    /// Reads the table. Findings are collected; `None` when one of them makes
    /// the section unusable.
    fn read(reader: Reader<'_>) -> Option<Self>;

    /// The section with the keys that `text` gives as TOML; the rest are defaults.
    ///
    /// # Errors
    /// [`ConfigErrors::Found`] with every finding.
    fn parse(text: &str) -> Result<Self, ConfigErrors> {
        let mut findings = Findings::default();
        let node = source::parse(Path::new("section"), text, &mut findings);
        let section = Reader::new(&node, "", Path::new("."), &mut findings).and_then(Self::read);
        section
            .filter(|_| !findings.has_errors())
            .ok_or(ConfigErrors::Found(findings.into_sorted()))
    }
}

/// One key of a section, for the example file.
#[derive(Debug)]
pub struct Field {
    pub name: &'static str,
    pub doc: &'static [&'static str],
    pub need: &'static str,
    /// The default, or an example where there is none, as TOML.
    pub toml: &'static str,
}

/// Declares a section. Each field is written
/// `/// documentation` `need name: Type = TOML,` where `need` is
///
/// - `required`: must be given; the TOML is an example;
/// - `default`: the TOML is used when it is not given;
/// - `optional`: an `Option`, absent when not given; the TOML is an example;
/// - `table`: a table whose entries are read one by one, so that each gives its own
///   findings; empty when not given; the TOML is an example;
/// - `secret`: required text that may also be given as `<name>_file`, a file
///   that holds it, and is never shown;
/// - `default_secret`: the same with a default.
macro_rules! section {
    (
        $(#[doc = $doc:literal])*
        pub struct $section:ident {
            $(
                $(#[doc = $field_doc:literal])*
                $need:ident $name:ident : $type:ty = $toml:tt,
            )*
        }
    ) => {
        $(#[doc = $doc])*
        #[derive(Clone, PartialEq, Eq)]
        pub struct $section {
            $( $(#[doc = $field_doc])* pub $name: $type, )*
        }

        impl $crate::config::section::Section for $section {
            const DOC: &'static [&'static str] = &[$($doc),*];
            const FIELDS: &'static [$crate::config::section::Field] = &[$(
                $crate::config::section::Field {
                    name: stringify!($name),
                    doc: &[$($field_doc),*],
                    need: stringify!($need),
                    toml: stringify!($toml),
                },
            )*];

            fn read(mut reader: $crate::config::section::Reader<'_>) -> Option<Self> {
                $( let $name: Option<$type> = reader.$need(stringify!($name), stringify!($toml)); )*
                reader.finish();
                Some(Self { $( $name: $name?, )* })
            }
        }

        impl std::fmt::Debug for $section {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.debug_struct(stringify!($section))
                    $( .field(stringify!($name), $crate::config::section::shown!($need, &self.$name)) )*
                    .finish()
            }
        }
    };
}

/// The value of a field as `Debug` shows it: secrets are not.
macro_rules! shown {
    (secret, $value:expr) => {
        &"(not shown)"
    };
    (default_secret, $value:expr) => {
        &"(not shown)"
    };
    ($need:ident, $value:expr) => {
        $value
    };
}

pub(crate) use {section, shown};

/// Reads one table key by key and reports what was left over.
pub struct Reader<'a> {
    table: Table,
    place: Place,
    /// Dotted path of the table.
    path: String,
    folder: &'a Path,
    known: Vec<String>,
    findings: &'a mut Findings,
}

impl<'a> Reader<'a> {
    /// A reader of `node`, which must be a table; `folder` is where the
    /// configuration file lies.
    pub(crate) fn new(
        node: &Node,
        path: &str,
        folder: &'a Path,
        findings: &'a mut Findings,
    ) -> Option<Self> {
        let Value::Table(table) = &node.value else {
            let what = format!("must be a table, not {}", node.kind());
            findings.error(&node.key, path, what, Some(format!("write it as [{path}]")));
            return None;
        };
        let (table, place) = (table.clone(), node.key.clone());
        Some(Self {
            table,
            place,
            path: path.to_owned(),
            folder,
            known: Vec::new(),
            findings,
        })
    }

    /// The dotted path of one of this table's keys.
    pub(super) fn path_of(&self, name: &str) -> String {
        if self.path.is_empty() {
            name.to_owned()
        } else {
            format!("{}.{name}", self.path)
        }
    }

    pub(super) fn take(&mut self, name: &str) -> Option<Node> {
        self.known.push(name.to_owned());
        self.table.remove(name)
    }

    pub(super) fn findings(&mut self) -> &mut Findings {
        self.findings
    }

    /// Reports that the value of a key is wrong.
    pub(super) fn wrong(&mut self, name: &str, what: String, repair: Option<String>) {
        let path = self.path_of(name);
        let place = self.place.clone();
        self.findings.error(&place, &path, what, repair);
    }

    pub(crate) fn required<T: DeserializeOwned>(&mut self, name: &str, example: &str) -> Option<T> {
        match self.take(name) {
            Some(node) => self.value(name, &node),
            None => self.missing(name, format!("add for example: {name} = {example}")),
        }
    }

    pub(crate) fn default<T: DeserializeOwned>(&mut self, name: &str, default: &str) -> Option<T> {
        match self.take(name) {
            Some(node) => self.value(name, &node),
            None => self.built_in(name, default),
        }
    }

    pub(crate) fn optional<T: DeserializeOwned + Default>(
        &mut self,
        name: &str,
        _example: &str,
    ) -> Option<T> {
        match self.take(name) {
            Some(node) => self.value(name, &node),
            None => Some(T::default()),
        }
    }

    pub(crate) fn table<K: FromStr<Err: ToString> + Ord, V: DeserializeOwned>(
        &mut self,
        name: &str,
        _example: &str,
    ) -> Option<BTreeMap<K, V>> {
        let Some(node) = self.take(name) else {
            return Some(BTreeMap::new());
        };
        let Value::Table(table) = &node.value else {
            let what = format!("must be a table, not {}", node.kind());
            let path = self.path_of(name);
            self.findings.error(&node.place, &path, what, None);
            return None;
        };
        let mut entries = BTreeMap::new();
        let mut complete = true;
        for (key, node) in table {
            let value: Option<V> = self.value(&format!("{name}.{key}"), node);
            let wrong = match (key.parse::<K>(), value) {
                (Err(error), _) => Some(error.to_string()),
                (Ok(_), None) => None,
                (Ok(key), Some(value)) => match entries.insert(key, value) {
                    Some(_) => Some("is given twice".to_owned()),
                    None => continue,
                },
            };
            complete = false;
            if let Some(what) = wrong {
                let path = self.path_of(&format!("{name}.{key}"));
                self.findings.error(&node.key, &path, what, None);
            }
        }
        complete.then_some(entries)
    }

    pub(crate) fn secret(&mut self, name: &str, _example: &str) -> Option<String> {
        match self.take_secret(name)? {
            Some(node) => self.value(name, &node),
            None => self.missing(
                name,
                format!("add {name} = \"…\", or {name}_file with the path of a file that holds it"),
            ),
        }
    }

    pub(crate) fn default_secret(&mut self, name: &str, default: &str) -> Option<String> {
        match self.take_secret(name)? {
            Some(node) => self.value(name, &node),
            None => self.built_in(name, default),
        }
    }

    /// Reports the keys that nothing asked for.
    pub(crate) fn finish(mut self) {
        let known = std::mem::take(&mut self.known);
        for (name, node) in std::mem::take(&mut self.table) {
            let repair = nearest::suggestion(&name, known.iter().map(String::as_str));
            let path = self.path_of(&name);
            self.findings.error(&node.key, &path, "unknown key", repair);
        }
    }

    /// `Err` in the outer option is a finding already reported.
    fn take_secret(&mut self, name: &str) -> Option<Option<Node>> {
        let file_name = format!("{name}_file");
        let (given, file) = (self.take(name), self.take(&file_name));
        match (given, file) {
            (Some(_), Some(file)) => {
                let what = format!("{name} and {file_name} are both given");
                let path = self.path_of(&file_name);
                self.findings.error(
                    &file.key,
                    &path,
                    what,
                    Some("keep one of the two".to_owned()),
                );
                None
            }
            (Some(given), None) => Some(Some(given)),
            (None, Some(file)) => self.secret_from(&file_name, &file).map(Some),
            (None, None) => Some(None),
        }
    }

    fn secret_from(&mut self, file_name: &str, file: &Node) -> Option<Node> {
        let path: std::path::PathBuf = self.value(file_name, file)?;
        match std::fs::read_to_string(self.folder.join(&path)) {
            Ok(text) => {
                let text = text.trim_end_matches(['\r', '\n']).to_owned();
                let place = file.place.clone();
                Some(Node {
                    key: place.clone(),
                    place,
                    value: Value::Text(text),
                })
            }
            Err(error) => {
                let what = format!("{} cannot be read: {error}", path.display());
                let subject = self.path_of(file_name);
                self.findings.error(&file.place, &subject, what, None);
                None
            }
        }
    }

    fn missing<T>(&mut self, name: &str, repair: String) -> Option<T> {
        let path = self.path_of(name);
        let place = self.place.clone();
        self.findings
            .error(&place, &path, "is missing", Some(repair));
        None
    }

    fn value<T: DeserializeOwned>(&mut self, name: &str, node: &Node) -> Option<T> {
        deserialize(node)
            .map_err(|what| {
                let path = self.path_of(name);
                let repair = repair_of(&what);
                self.findings.error(&node.place, &path, what, repair);
            })
            .ok()
    }

    fn built_in<T: DeserializeOwned>(&mut self, name: &str, default: &str) -> Option<T> {
        let value = parse_value(default).map(Value::Scalar);
        let node = value.map(|value| Node {
            key: Place::Default,
            place: Place::Default,
            value,
        });
        match node {
            Ok(node) => self.value(name, &node),
            Err(what) => {
                let path = self.path_of(name);
                self.findings.error(&Place::Default, &path, what, None);
                None
            }
        }
    }
}

/// The value as `T`, or what is wrong with it.
pub(super) fn deserialize<T: DeserializeOwned>(node: &Node) -> Result<T, String> {
    let message = |error: toml::de::Error| in_plain_words(error.message().trim());
    let first = T::deserialize(node.to_toml()).map_err(message);
    match (&node.value, first) {
        // Text may stand for a number, a truth value or a list.
        (Value::Text(text), Err(what)) => parse_value(text)
            .and_then(|value| T::deserialize(value).map_err(message))
            .map_err(|_| what),
        (_, result) => result,
    }
}

/// serde's message without the names of Rust's types.
fn in_plain_words(message: &str) -> String {
    const WORDS: [(&str, &str); 6] = [
        ("a nonzero u32", "a whole number of at least 1"),
        ("u16", "a whole number from 0 to 65535"),
        ("u32", "a whole number that is not negative"),
        ("u64", "a whole number that is not negative"),
        ("i32", "a whole number"),
        ("a sequence", "a list such as [\"a\", \"b\"]"),
    ];
    WORDS
        .iter()
        .fold(message.to_owned(), |text, (word, plain)| {
            text.replace(&format!("expected {word}"), &format!("expected {plain}"))
        })
}

fn parse_value(text: &str) -> Result<toml::Value, String> {
    let deserializer =
        toml::de::ValueDeserializer::parse(text).map_err(|error| error.message().to_owned())?;
    serde::Deserialize::deserialize(deserializer)
        .map_err(|error: toml::de::Error| error.message().to_owned())
}

/// The likely repair for one of serde's "unknown variant" messages: they name
/// what was given and then what is allowed, each between backticks.
pub(super) fn repair_of(message: &str) -> Option<String> {
    if !message.starts_with("unknown ") {
        return None;
    }
    let mut names = message.split('`').skip(1).step_by(2);
    let given = names.next()?;
    nearest::suggestion(given, names)
}

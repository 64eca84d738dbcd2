//! The configuration as it was given: a tree of values that each know their
//! place, read from TOML and overlaid by environment variables.

use crate::config::finding::{Findings, Place};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// Prefix of the environment variables that are settings. `__` goes one level
/// down: `SWITCHYARD_STORE__URL` is `store.url`. Only variables with at least
/// one `__` are settings.
pub const ENVIRONMENT_PREFIX: &str = "SWITCHYARD_";

pub type Table = BTreeMap<String, Node>;

/// One value and where it was given.
#[derive(Clone, Debug)]
pub struct Node {
    /// The place of the key that names it; of the value itself in an array.
    pub key: Place,
    /// The place of the value.
    pub place: Place,
    pub value: Value,
}

#[derive(Clone, Debug)]
pub enum Value {
    Table(Table),
    Array(Vec<Node>),
    Scalar(toml::Value),
    /// Text from the environment or a secret's file: whatever scalar is wanted.
    Text(String),
}

impl Node {
    pub fn table(place: Place, table: Table) -> Self {
        Self {
            key: place.clone(),
            place,
            value: Value::Table(table),
        }
    }

    /// The value as plain TOML, without places.
    pub fn to_toml(&self) -> toml::Value {
        match &self.value {
            Value::Table(table) => toml::Value::Table(
                table
                    .iter()
                    .map(|(key, node)| (key.clone(), node.to_toml()))
                    .collect(),
            ),
            Value::Array(nodes) => toml::Value::Array(nodes.iter().map(Node::to_toml).collect()),
            Value::Scalar(value) => value.clone(),
            Value::Text(text) => toml::Value::String(text.clone()),
        }
    }

    /// What kind of value it is, for messages.
    pub fn kind(&self) -> &'static str {
        match &self.value {
            Value::Table(_) => "table",
            Value::Array(_) => "array",
            Value::Scalar(value) => value.type_str(),
            Value::Text(_) => "text",
        }
    }
}

/// Parses TOML; syntax errors become findings, and what could be understood is returned.
pub fn parse(path: &Path, text: &str, findings: &mut Findings) -> Node {
    let file = File::new(path, text);
    let (table, errors) = DeTable::parse_recoverable(text);
    for error in errors {
        let start = error.span().map_or(0, |span| span.start);
        findings.error(&file.place(start), "", error.message().trim(), None);
    }
    let mut keys = Vec::new();
    Node::table(
        file.place(0),
        file.table(table.into_inner(), &mut keys, findings),
    )
}

struct File<'t> {
    path: Arc<Path>,
    text: &'t str,
    /// Where each line begins.
    lines: Vec<usize>,
}

impl<'t> File<'t> {
    fn new(path: &Path, text: &'t str) -> Self {
        let later = text.match_indices('\n').map(|(end, _)| end + 1);
        Self {
            path: Arc::from(path),
            text,
            lines: std::iter::once(0).chain(later).collect(),
        }
    }

    fn place(&self, offset: usize) -> Place {
        let line = self.lines.partition_point(|begin| *begin <= offset);
        let begin = self.lines[line - 1];
        let before = self.text.get(begin..offset).unwrap_or_default();
        Place::File {
            path: self.path.clone(),
            line,
            column: before.chars().count() + 1,
        }
    }

    fn table(&self, table: DeTable<'_>, keys: &mut Vec<String>, findings: &mut Findings) -> Table {
        let mut nodes = Table::new();
        for (key, value) in table {
            let place = self.place(key.span().start);
            keys.push(key.into_inner().into_owned());
            let node = self.node(value, keys, findings);
            if let (Some(node), Some(name)) = (node, keys.last()) {
                nodes.insert(name.clone(), Node { key: place, ..node });
            }
            keys.pop();
        }
        nodes
    }

    fn node(
        &self,
        value: Spanned<DeValue<'_>>,
        keys: &mut Vec<String>,
        findings: &mut Findings,
    ) -> Option<Node> {
        let place = self.place(value.span().start);
        let value = match value.into_inner() {
            DeValue::Table(table) => Value::Table(self.table(table, keys, findings)),
            DeValue::Array(array) => Value::Array(
                array
                    .into_iter()
                    .filter_map(|value| self.node(value, keys, findings))
                    .collect(),
            ),
            scalar => match scalar_value(&scalar) {
                Ok(value) => Value::Scalar(value),
                Err(what) => {
                    findings.error(&place, &keys.join("."), what, None);
                    return None;
                }
            },
        };
        Some(Node {
            key: place.clone(),
            place,
            value,
        })
    }
}

fn scalar_value(value: &DeValue<'_>) -> Result<toml::Value, String> {
    match value {
        DeValue::String(text) => Ok(toml::Value::String(text.clone().into_owned())),
        DeValue::Boolean(value) => Ok(toml::Value::Boolean(*value)),
        DeValue::Datetime(value) => Ok(toml::Value::Datetime(*value)),
        DeValue::Integer(number) => i64::from_str_radix(number.as_str(), number.radix())
            .map(toml::Value::Integer)
            .map_err(|_| format!("{} is too large a number", number.as_str())),
        DeValue::Float(number) => number
            .as_str()
            .parse()
            .map(toml::Value::Float)
            .map_err(|_| format!("{} is not a number", number.as_str())),
        DeValue::Array(_) | DeValue::Table(_) => Err("a plain value was expected".to_owned()),
    }
}

/// Lays environment variables over the tree. Existing keys are matched without
/// regard to case, and `_` stands for `-` and `.` too, so that
/// `SWITCHYARD_SWITCHES__FS_1__PASSWORD` reaches `[switches.fs-1]`.
pub fn overlay(root: &mut Node, variables: impl IntoIterator<Item = (String, String)>) {
    for (variable, text) in variables {
        let Some(path) = variable.strip_prefix(ENVIRONMENT_PREFIX) else {
            continue;
        };
        let keys: Vec<&str> = path.split("__").collect();
        if keys.len() < 2 || keys.iter().any(|key| key.is_empty()) {
            continue;
        }
        let place = Place::Environment(variable.clone());
        set(root, &keys, &place, Value::Text(text));
    }
}

fn set(node: &mut Node, keys: &[&str], place: &Place, value: Value) {
    let Some((first, rest)) = keys.split_first() else {
        *node = Node {
            key: place.clone(),
            place: place.clone(),
            value,
        };
        return;
    };
    if !matches!(node.value, Value::Table(_)) {
        *node = Node::table(place.clone(), Table::new());
    }
    let Value::Table(table) = &mut node.value else {
        return;
    };
    let name = table
        .keys()
        .find(|key| folded(key) == folded(first))
        .cloned()
        .unwrap_or_else(|| first.to_lowercase());
    let child = table
        .entry(name)
        .or_insert_with(|| Node::table(place.clone(), Table::new()));
    set(child, rest, place, value);
}

fn folded(key: &str) -> String {
    key.to_lowercase().replace(['-', '.'], "_")
}

//! What differs between the configuration in use and a new one, setting by
//! setting, and whether it can be taken over while calls are handled.

use crate::config::Config;
use crate::config::source::{Node, Value};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;

/// The settings as they were given: dotted path to the value as TOML.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Given(BTreeMap<String, String>);

/// One setting that is not what it was.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Difference {
    /// Dotted path, for example `queues.desk.ring_s`.
    pub setting: String,
    /// As TOML; none when it was not given.
    pub from: Option<String>,
    /// As TOML; none when it is not given any more.
    pub to: Option<String>,
    /// Whether it counts only after a restart.
    pub needs_restart: bool,
}

/// Sections that are read once, at the start. The rest counts from the moment
/// of the reload.
const READ_AT_START: [&str; 6] = ["switches", "store", "journal", "recordings", "http", "log"];
/// The same for single settings: they stand on every record.
const FIXED: [&str; 2] = ["centre.tenant", "centre.site"];
/// Last parts of paths whose values are not shown: a store's address holds a password.
const SECRET: [&str; 2] = ["password", "url"];

impl Given {
    pub(super) fn of(root: &Node) -> Self {
        let mut given = Self::default();
        given.add(String::new(), root);
        given
    }

    /// A setting names a file, whose contents count too.
    pub(super) fn note_file(&mut self, path: &str, sum: &str) {
        if let Some(value) = self.0.get_mut(path) {
            value.push_str(&format!(" ({sum})"));
        }
    }

    fn add(&mut self, path: String, node: &Node) {
        match &node.value {
            Value::Table(table) if !table.is_empty() => {
                for (key, node) in table {
                    let path = match path.as_str() {
                        "" => key.clone(),
                        above => format!("{above}.{key}"),
                    };
                    self.add(path, node);
                }
            }
            _ => drop(self.0.insert(path, node.to_toml().to_string())),
        }
    }
}

/// Values may be secret.
impl fmt::Debug for Given {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Given({} settings)", self.0.len())
    }
}

impl Config {
    /// What is not as in `old`, in the order of the paths.
    pub fn differences(&self, old: &Config) -> Vec<Difference> {
        let mut paths: Vec<&String> = old.given.0.keys().chain(self.given.0.keys()).collect();
        paths.sort();
        paths.dedup();
        let mut differences: Vec<Difference> = paths
            .into_iter()
            .filter_map(|path| {
                let (from, to) = (old.given.0.get(path), self.given.0.get(path));
                (from != to).then(|| Difference {
                    setting: path.clone(),
                    from: from.map(|value| shown(path, value)),
                    to: to.map(|value| shown(path, value)),
                    needs_restart: needs_restart(path),
                })
            })
            .collect();
        // A secret's file may hold another secret under the same name.
        let named = differences
            .iter()
            .any(|difference| difference.setting.starts_with("switches."));
        if self.switches != old.switches && !named {
            differences.push(Difference {
                setting: "switches".to_owned(),
                from: Some("(not shown)".to_owned()),
                to: Some("(not shown)".to_owned()),
                needs_restart: true,
            });
        }
        differences
    }
}

fn needs_restart(path: &str) -> bool {
    let section = path.split('.').next().unwrap_or(path);
    READ_AT_START.contains(&section) || FIXED.contains(&path)
}

fn shown(path: &str, value: &str) -> String {
    let key = path.rsplit('.').next().unwrap_or(path);
    if SECRET.contains(&key) {
        "(not shown)".to_owned()
    } else {
        value.to_owned()
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let value = |value: &Option<String>| value.clone().unwrap_or_else(|| "(not given)".into());
        write!(
            f,
            "{}: {} -> {}",
            self.setting,
            value(&self.from),
            value(&self.to)
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    fn read(text: &str) -> Config {
        Config::read(Path::new("test.toml"), text, []).expect("a sound configuration")
    }

    const BEFORE: &str = r#"
        [switches.pbx]
        kind = "freeswitch"
        address = "127.0.0.1:8021"
        password = "first"
        endpoint = "user/{extension}"
        prompts = "/p"
        recordings = "/r"
        [queues.desk]
        name = "desk"
        ring_s = 20
    "#;

    #[test]
    fn a_changed_setting_is_told_with_both_values() {
        let after = BEFORE.replace("ring_s = 20", "wrap_up_s = 7");
        let told = read(&after).differences(&read(BEFORE));
        let told: Vec<String> = told.iter().map(ToString::to_string).collect();
        assert_eq!(
            told,
            [
                "queues.desk.ring_s: 20 -> (not given)",
                "queues.desk.wrap_up_s: (not given) -> 7"
            ]
        );
    }

    #[test]
    fn a_changed_secret_is_told_and_not_shown() {
        let told = read(&BEFORE.replace("first", "second")).differences(&read(BEFORE));
        assert_eq!(told.len(), 1);
        assert_eq!(
            told[0].to_string(),
            "switches.pbx.password: (not shown) -> (not shown)"
        );
        assert!(told[0].needs_restart);
        assert!(!format!("{:?}", read(BEFORE).given).contains("first"));
    }

    #[test]
    fn the_same_settings_at_another_place_in_the_file_differ_in_nothing() {
        let moved = format!("# a comment\n\n{BEFORE}");
        assert_eq!(read(&moved).differences(&read(BEFORE)), []);
    }
}

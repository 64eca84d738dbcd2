//! A centre as an import draws it up, and its form as TOML.

use crate::config::queue::QueueConfig;
use crate::config::section::Section;
use crate::import::Remarks;
use std::collections::BTreeMap;
use std::fmt::{Display, Write};
use toml::Value;

/// How many calls may wait where the other knows no limit: as many as may be live.
pub(super) const UNLIMITED: u32 = 10_000;

#[derive(Debug, Default)]
pub(super) struct Draft {
    pub(super) queues: Vec<DraftQueue>,
    pub(super) agents: Vec<DraftAgent>,
    /// The switch that the agents' devices are on.
    pub(super) switch: String,
}

#[derive(Debug, Default)]
pub(super) struct DraftQueue {
    pub(super) id: String,
    /// Our keys with their values, in the order of our example file.
    pub(super) keys: Vec<(&'static str, Value)>,
}

#[derive(Debug)]
pub(super) struct DraftAgent {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) extension: String,
    pub(super) seats: Vec<DraftSeat>,
    /// The device is rung once, and the leg kept.
    pub(super) stands: bool,
}

#[derive(Debug)]
pub(super) struct DraftSeat {
    pub(super) queue: String,
    pub(super) level: u8,
    pub(super) position: u16,
    pub(super) weight: u16,
}

impl DraftQueue {
    /// Leaves out what our own checker does not accept, and says so.
    pub(super) fn checked(mut self, line: usize, remarks: &mut Remarks) -> Self {
        let id = self.id.clone();
        self.keys.retain(|(key, value)| {
            let name = if *key == "name" { "" } else { "name = \"\"\n" };
            let Err(errors) = QueueConfig::parse(&format!("{name}{key} = {value}")) else {
                return true;
            };
            let text = errors.to_string();
            let why = text
                .split_once("error: ")
                .map_or(text.as_str(), |(_, why)| why);
            remarks.lost(line, format!("queue {id}: {key} = {value}"), why);
            false
        });
        self
    }

    pub(super) fn set(&mut self, key: &'static str, value: impl Into<Value>) {
        self.keys.retain(|(known, _)| *known != key);
        self.keys.push((key, value.into()));
    }
}

impl Draft {
    /// The sections, after a comment that says where they come from.
    pub(super) fn to_toml(&self, source: &str) -> String {
        let mut text = format!("# Imported from {source}.\n");
        for queue in &self.queues {
            section(&mut text, "queues", &queue.id);
            for (key, value) in &queue.keys {
                line(&mut text, key, value);
            }
        }
        for agent in &self.agents {
            section(&mut text, "agents", &agent.id);
            line(&mut text, "name", &Value::from(agent.name.as_str()));
            line(
                &mut text,
                "extension",
                &Value::from(agent.extension.as_str()),
            );
            line(&mut text, "switch", &Value::from(self.switch.as_str()));
            let seats: Vec<String> = agent.seats.iter().map(DraftSeat::to_toml).collect();
            line(&mut text, "queues", &format!("[{}]", seats.join(", ")));
            if agent.stands {
                line(&mut text, "line", &Value::from("standing"));
            }
        }
        text
    }
}

impl DraftSeat {
    /// The queue's name alone when nothing else is to be said.
    fn to_toml(&self) -> String {
        let queue = Value::from(self.queue.as_str());
        let numbers = [
            ("level", u16::from(self.level)),
            ("position", self.position),
            ("weight", self.weight),
        ];
        let told: String = numbers
            .iter()
            .filter(|(_, number)| *number != 1)
            .map(|(key, number)| format!(", {key} = {number}"))
            .collect();
        match told.as_str() {
            "" => queue.to_string(),
            told => format!("{{ queue = {queue}{told} }}"),
        }
    }
}

fn section(text: &mut String, kind: &str, id: &str) {
    let bare = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    let key = match id.chars().all(bare) {
        true => id.to_owned(),
        false => Value::from(id).to_string(),
    };
    // Writing to a text cannot fail.
    let _ = writeln!(text, "\n[{kind}.{key}]");
}

fn line(text: &mut String, key: &str, value: &dyn Display) {
    let _ = writeln!(text, "{key} = {value}");
}

/// A rule of overflow that ends the call, since only the dialplan knew more.
pub(super) fn leaves(when: &str, after_s: Option<u32>) -> Value {
    let mut rule = toml::Table::new();
    rule.insert("when".to_owned(), when.into());
    rule.extend(after_s.map(|seconds| ("after_s".to_owned(), i64::from(seconds).into())));
    rule.insert("to".to_owned(), "hang_up".into());
    Value::Table(rule)
}

/// What follows when an agent misses offers in one way; none when nothing is said.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct DraftMissed {
    pub(super) rest_s: Option<u32>,
    pub(super) in_a_row: Option<u32>,
    pub(super) then: Option<&'static str>,
}

/// The key `missed_offers` of a queue, of the ways that something is said of.
pub(super) fn missed_offers(ways: &[(&str, DraftMissed)]) -> Option<Value> {
    let mut all = toml::Table::new();
    for (way, missed) in ways.iter().filter(|(_, m)| *m != DraftMissed::default()) {
        let mut policy = toml::Table::new();
        let numbers = [("rest_s", missed.rest_s), ("in_a_row", missed.in_a_row)];
        for (key, number) in numbers {
            let value = number.map(|number| Value::from(i64::from(number)));
            policy.extend(value.map(|value| (key.to_owned(), value)));
        }
        policy.extend(missed.then.map(|then| ("then".to_owned(), then.into())));
        all.insert((*way).to_owned(), policy.into());
    }
    (!all.is_empty()).then_some(Value::Table(all))
}

/// The value that most of them have, and those that have another.
pub(super) fn majority<'a, T: Ord + Copy>(
    values: impl IntoIterator<Item = (&'a str, T)>,
) -> Option<(T, Vec<&'a str>)> {
    let values: Vec<(&str, T)> = values.into_iter().collect();
    let mut counts: BTreeMap<T, usize> = BTreeMap::new();
    for (_, value) in &values {
        *counts.entry(*value).or_default() += 1;
    }
    let (most, _) = counts
        .into_iter()
        .max_by_key(|(value, count)| (*count, *value))?;
    let others = values.iter().filter(|(_, value)| *value != most);
    Some((most, others.map(|(name, _)| *name).collect()))
}

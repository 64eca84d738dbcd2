//! Conditions on agents and calls, written in the Common Expression Language
//! (<https://cel.dev>) and compiled when they are read.
//!
//! | name | what it is |
//! |---|---|
//! | `agent.id`, `agent.switch` | text |
//! | `agent.skills.<skill>` | level, 1 to 9 |
//! | `agent.<attribute>` | text, as the settings give it |
//! | `call.number`, `call.dialled`, `call.language`, `call.list` | text |
//! | `call.vip`, `call.first_contact` | true or false |
//! | `call.<attribute>` | text, as the caller's list gives it |
//! | `queue.waiting`, `queue.signed_in`, `queue.ready` | whole numbers |
//!
//! A condition that cannot be answered, because an agent has no such skill or
//! attribute, does not hold.

use crate::engine::centre::{AgentSettings, Level};
use crate::engine::id::{AgentId, SkillId, SwitchId};
use cel::{Context, Program, Value};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

/// Longest condition accepted, in bytes.
const MAX_LENGTH: usize = 1_000;

/// A condition, checked and compiled.
#[derive(Clone)]
pub struct Condition {
    text: Arc<str>,
    program: Arc<Program>,
}

/// Why a text is no condition.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConditionError {
    #[error("a condition has at most {MAX_LENGTH} characters, this one has {0}")]
    TooLong(usize),
    #[error("{text:?} is not an expression: {why}")]
    Syntax { text: String, why: String },
    #[error("{text:?} speaks of {name:?}; there are `agent`, `call` and `queue`")]
    Unknown { text: String, name: String },
}

/// What is known of a call, for conditions.
pub type CallFacts = BTreeMap<String, CallFact>;

/// One thing that is known of a call.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(untagged)]
pub enum CallFact {
    Text(String),
    Flag(bool),
}

/// How a queue stands, for conditions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct QueueFacts {
    pub waiting: u32,
    pub signed_in: u32,
    pub ready: u32,
}

impl Condition {
    /// # Errors
    /// [`ConditionError`] when the text is too long, no expression, or speaks of
    /// something that there is not.
    pub fn new(text: &str) -> Result<Self, ConditionError> {
        if text.len() > MAX_LENGTH {
            return Err(ConditionError::TooLong(text.len()));
        }
        let program = Program::compile(text).map_err(|errors| ConditionError::Syntax {
            text: text.to_owned(),
            why: errors.to_string().replace('\n', " "),
        })?;
        let references = program.references();
        let mut names = references.variables();
        names.sort_unstable();
        let unknown = names
            .into_iter()
            .find(|name| !["agent", "call", "queue"].contains(name));
        if let Some(name) = unknown {
            return Err(ConditionError::Unknown {
                text: text.to_owned(),
                name: name.to_owned(),
            });
        }
        Ok(Self {
            text: text.into(),
            program: Arc::new(program),
        })
    }

    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether it asks about `agent`, `call` or `queue`.
    pub fn asks_about(&self, name: &str) -> bool {
        self.program.references().has_variable(name)
    }

    /// The skills it names.
    pub fn skills(&self) -> BTreeSet<&str> {
        let after = self.text.split("agent.skills").skip(1);
        let named = after.filter_map(|rest| {
            let rest = rest
                .strip_prefix('.')
                .or_else(|| rest.strip_prefix("[\""))?;
            let end = rest.find(|c: char| !(c.is_alphanumeric() || "_-".contains(c)));
            Some(&rest[..end.unwrap_or(rest.len())])
        });
        named.collect()
    }

    /// Those facts of a call that it asks about.
    pub(crate) fn of_interest(&self, mut facts: CallFacts) -> CallFacts {
        let by_name = !self.text.contains("call[");
        facts.retain(|name, _| !by_name || self.text.contains(&format!("call.{name}")));
        if !self.asks_about("call") {
            facts.clear();
        }
        facts
    }

    /// Whether it holds for an agent and a call.
    pub(crate) fn holds_for(&self, id: &AgentId, agent: &AgentSettings, call: &CallFacts) -> bool {
        let facts = AgentFacts {
            id,
            switch: &agent.switch,
            skills: &agent.skills,
            attributes: &agent.attributes,
        };
        self.holds([("agent", Known::Agent(facts)), ("call", Known::Call(call))])
    }

    /// Whether it holds for a call and its queue.
    pub(crate) fn holds_now(&self, call: &CallFacts, queue: QueueFacts) -> bool {
        self.holds([("call", Known::Call(call)), ("queue", Known::Queue(queue))])
    }

    /// Whether it holds for a call alone.
    pub(crate) fn holds_of(&self, call: &CallFacts) -> bool {
        self.holds([("call", Known::Call(call))])
    }

    /// What cannot be answered does not hold.
    fn holds<'a>(&self, known: impl IntoIterator<Item = (&'static str, Known<'a>)>) -> bool {
        let mut context = Context::default();
        for (name, facts) in known {
            if context.add_variable(name, facts).is_err() {
                return false;
            }
        }
        matches!(self.program.execute(&context), Ok(Value::Bool(true)))
    }
}

/// What conditions can ask of.
#[derive(Serialize)]
#[serde(untagged)]
enum Known<'a> {
    Agent(AgentFacts<'a>),
    Call(&'a CallFacts),
    Queue(QueueFacts),
}

#[derive(Serialize)]
struct AgentFacts<'a> {
    id: &'a AgentId,
    switch: &'a SwitchId,
    skills: &'a BTreeMap<SkillId, Level>,
    #[serde(flatten)]
    attributes: &'a BTreeMap<String, String>,
}

impl PartialEq for Condition {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for Condition {}

impl fmt::Debug for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Condition({})", self.text)
    }
}

impl Serialize for Condition {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

impl<'de> Deserialize<'de> for Condition {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Condition::new(&String::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn agent() -> AgentSettings {
        serde_json::from_str(
            r#"{"name":"Anna","extension":"1","switch":"sw","skills":{"english":5},
                "queues":["desk"],"attributes":{"site":"north"}}"#,
        )
        .unwrap()
    }

    fn holds(text: &str) -> bool {
        let known = |name: &str, value: &str| (name.to_owned(), CallFact::Text(value.to_owned()));
        let call = CallFacts::from([
            known("language", "en"),
            known("site", "north"),
            ("vip".to_owned(), CallFact::Flag(true)),
        ]);
        let id = "anna".parse().unwrap();
        Condition::new(text)
            .unwrap()
            .holds_for(&id, &agent(), &call)
    }

    #[test]
    fn skills_attributes_and_the_call_can_be_asked_for() {
        assert!(holds("agent.skills.english >= 5"));
        assert!(!holds("agent.skills.english > 5"));
        assert!(holds("agent.site == call.site && call.language == 'en'"));
        assert!(holds("agent.id in ['anna', 'bert']"));
        assert!(holds("call.vip && agent.id == 'anna'"));
        assert!(!holds("!call.vip || call.tier == 'gold'"));
        assert!(holds(
            "has(agent.skills.english) && !has(agent.skills.french)"
        ));
        assert!(!holds("agent.skills.french >= 1"));
        assert!(holds("agent.skills.french >= 1 || agent.site == 'north'"));
    }

    #[test]
    fn a_queue_can_be_asked_for_how_it_stands() {
        let none_ready = Condition::new("queue.ready == 0 && queue.waiting > 2").unwrap();
        let stands = |waiting, ready| QueueFacts {
            waiting,
            signed_in: 3,
            ready,
        };
        assert!(none_ready.holds_now(&CallFacts::new(), stands(3, 0)));
        assert!(!none_ready.holds_now(&CallFacts::new(), stands(3, 1)));
    }

    #[test]
    fn what_is_wrong_with_a_condition_is_said() {
        let wrong = |text: &str| Condition::new(text).unwrap_err();
        assert!(matches!(
            wrong("agent.skills.english >="),
            ConditionError::Syntax { .. }
        ));
        assert!(
            matches!(wrong("agnet.site == 'x'"), ConditionError::Unknown { name, .. } if name == "agnet")
        );
        assert!(matches!(
            wrong(&"a".repeat(2_000)),
            ConditionError::TooLong(2_000)
        ));
    }

    #[test]
    fn the_skills_of_a_condition_are_found() {
        let condition =
            Condition::new("agent.skills.english > 2 || agent.skills[\"sign-language\"] > 1")
                .unwrap();
        assert_eq!(
            condition.skills(),
            BTreeSet::from(["english", "sign-language"])
        );
    }
}

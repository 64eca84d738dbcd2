//! Agents whom a call is to reach before others, and agents whom it must not
//! reach.

use crate::engine::id::AgentId;
use crate::engine::time::{Span, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::collections::btree_set;

/// A few agents by name, at most [`AgentSet::MOST`]. Written as one name or as a list.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "AgentSetForm", into = "BTreeSet<AgentId>")]
pub struct AgentSet(BTreeSet<AgentId>);

#[derive(Deserialize)]
#[serde(untagged)]
enum AgentSetForm {
    One(AgentId),
    Several(BTreeSet<AgentId>),
    Nobody(()),
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("at most {most} agents can be named, not {0}", most = AgentSet::MOST)]
pub struct TooManyAgents(pub usize);

impl AgentSet {
    pub const MOST: usize = 20;

    /// # Errors
    /// [`TooManyAgents`] above [`AgentSet::MOST`].
    pub fn new(agents: impl IntoIterator<Item = AgentId>) -> Result<Self, TooManyAgents> {
        let agents: BTreeSet<AgentId> = agents.into_iter().collect();
        match agents.len() {
            0..=Self::MOST => Ok(Self(agents)),
            more => Err(TooManyAgents(more)),
        }
    }

    pub fn one(agent: AgentId) -> Self {
        Self(BTreeSet::from([agent]))
    }

    pub fn contains(&self, agent: &AgentId) -> bool {
        self.0.contains(agent)
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// In the order of their names.
    pub fn iter(&self) -> btree_set::Iter<'_, AgentId> {
        self.0.iter()
    }

    /// Those for whom it holds.
    pub fn filtered(&self, holds: impl Fn(&AgentId) -> bool) -> Self {
        Self(
            self.0
                .iter()
                .filter(|agent| holds(agent))
                .cloned()
                .collect(),
        )
    }

    /// Both, as far as there is room.
    pub fn with(&self, others: &Self) -> Self {
        let more = others.0.difference(&self.0);
        let room = Self::MOST - self.0.len();
        let more = more.take(room).cloned();
        Self(self.0.iter().cloned().chain(more).collect())
    }

    /// The names, with commas between them.
    pub fn names(&self) -> String {
        let names: Vec<&str> = self.0.iter().map(AgentId::as_str).collect();
        names.join(", ")
    }
}

impl TryFrom<AgentSetForm> for AgentSet {
    type Error = TooManyAgents;
    fn try_from(form: AgentSetForm) -> Result<Self, TooManyAgents> {
        match form {
            AgentSetForm::One(agent) => Ok(Self::one(agent)),
            AgentSetForm::Several(agents) => Self::new(agents),
            AgentSetForm::Nobody(()) => Ok(Self::default()),
        }
    }
}

impl From<AgentSet> for BTreeSet<AgentId> {
    fn from(agents: AgentSet) -> Self {
        agents.0
    }
}

/// Whom a call prefers and whom it must never reach, as its caller's list and
/// its flow say.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wishes {
    #[serde(default, skip_serializing_if = "AgentSet::is_empty")]
    pub prefer: AgentSet,
    /// How long the call waits for one of them alone.
    #[serde(default)]
    pub wait: Span,
    #[serde(default, skip_serializing_if = "AgentSet::is_empty")]
    pub never: AgentSet,
}

impl Wishes {
    pub fn is_empty(&self) -> bool {
        self.prefer.is_empty() && self.never.is_empty()
    }

    /// These and then others: who is preferred is said anew, who is forbidden
    /// stays so.
    pub fn and(&self, later: &Self) -> Self {
        let prefers = if later.prefer.is_empty() { self } else { later };
        Self {
            prefer: prefers.prefer.clone(),
            wait: prefers.wait,
            never: self.never.with(&later.never),
        }
    }
}

/// The agents that a call waits for alone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "SoughtForm")]
pub struct Sought {
    /// Any of them; never empty.
    pub agents: AgentSet,
    pub until: Timestamp,
    pub why: SoughtWhy,
}

/// As it is written now, and as it was written when there was only one agent.
#[derive(Deserialize)]
#[serde(untagged)]
enum SoughtForm {
    Now {
        agents: AgentSet,
        until: Timestamp,
        why: SoughtWhy,
    },
    Before(AgentId, Timestamp),
}

impl From<SoughtForm> for Sought {
    fn from(form: SoughtForm) -> Self {
        match form {
            SoughtForm::Now { agents, until, why } => Self { agents, until, why },
            SoughtForm::Before(agent, until) => Self {
                agents: AgentSet::one(agent),
                until,
                why: SoughtWhy::LastAgent,
            },
        }
    }
}

/// Why a call waits for some agents alone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SoughtWhy {
    /// They served the caller last.
    #[default]
    LastAgent,
    /// The caller's list or the flow prefers them.
    Preferred,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(json: &str) -> Result<AgentSet, serde_json::Error> {
        serde_json::from_str(json)
    }

    #[test]
    fn agents_are_named_alone_or_in_a_list_and_not_without_end() {
        let both = set(r#"["anna","bert"]"#).unwrap();
        assert_eq!(both.names(), "anna, bert");
        assert_eq!(set(r#""anna""#).unwrap().names(), "anna");
        assert!(set("null").unwrap().is_empty());
        let many: Vec<String> = (0..21).map(|n| format!("agent{n}")).collect();
        assert!(set(&serde_json::to_string(&many).unwrap()).is_err());
        let twenty = set(&serde_json::to_string(&many[1..]).unwrap()).unwrap();
        assert_eq!(twenty.with(&both), twenty);
    }

    #[test]
    fn later_wishes_prefer_anew_and_forbid_as_well() {
        let wishes = |json: &str| serde_json::from_str::<Wishes>(json).unwrap();
        let first = wishes(r#"{"prefer":"anna","wait":5,"never":"bert"}"#);
        let then = first.and(&wishes(r#"{"never":"carl"}"#));
        assert_eq!(
            then,
            wishes(r#"{"prefer":"anna","wait":5,"never":["bert","carl"]}"#)
        );
        let last = then.and(&wishes(r#"{"prefer":"dora","wait":9}"#));
        assert_eq!(
            (last.prefer.names(), last.wait),
            ("dora".to_owned(), Span::millis(9))
        );
    }

    #[test]
    fn what_an_earlier_version_kept_of_a_search_is_read() {
        let sought: Sought = serde_json::from_str(r#"["anna",1000]"#).unwrap();
        assert_eq!(sought.agents.names(), "anna");
        assert_eq!(sought.until, Timestamp::from_millis(1_000));
    }
}

//! A mailbox: where a message is left, and who it is for.

use crate::engine::centre::AgentSettings;
use crate::engine::id::{AgentId, GroupId, QueueId};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

/// Written as `agent:<id>`, `group:<id>` or `queue:<id>`, in settings, tables
/// and the API alike.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Mailbox {
    /// Of one agent.
    Agent(AgentId),
    /// Of all agents of a group.
    Group(GroupId),
    /// Of all agents who serve a queue.
    Queue(QueueId),
}

impl Mailbox {
    /// The mailboxes that are an agent's to look after.
    pub fn of_agent(id: &AgentId, agent: &AgentSettings) -> Vec<Self> {
        let own = std::iter::once(Mailbox::Agent(id.clone()));
        let group = agent.group.clone().map(Mailbox::Group);
        let seats = agent.queues.iter();
        let queues = seats.map(|seat| Mailbox::Queue(seat.queue.clone()));
        own.chain(group).chain(queues).collect()
    }

    /// Those that the agents of these groups look after.
    pub fn of_supervised<'a>(
        groups: &[GroupId],
        agents: impl Iterator<Item = (&'a AgentId, &'a AgentSettings)>,
    ) -> BTreeSet<Self> {
        let supervised = agents.filter(|(_, agent)| {
            let group = agent.group.as_ref();
            group.is_some_and(|group| groups.contains(group))
        });
        supervised
            .flat_map(|(id, agent)| Self::of_agent(id, agent))
            .collect()
    }
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no mailbox: write \"agent:<id>\", \"group:<id>\" or \"queue:<id>\"")]
pub struct NotAMailbox(String);

impl FromStr for Mailbox {
    type Err = NotAMailbox;
    fn from_str(text: &str) -> Result<Self, NotAMailbox> {
        let wrong = || NotAMailbox(text.chars().take(80).collect());
        let (kind, id) = text.split_once(':').ok_or_else(wrong)?;
        let mailbox = match kind {
            "agent" => id.parse().map(Self::Agent),
            "group" => id.parse().map(Self::Group),
            "queue" => id.parse().map(Self::Queue),
            _ => return Err(wrong()),
        };
        mailbox.map_err(|_| wrong())
    }
}

impl TryFrom<String> for Mailbox {
    type Error = NotAMailbox;
    fn try_from(text: String) -> Result<Self, NotAMailbox> {
        text.parse()
    }
}

impl From<Mailbox> for String {
    fn from(mailbox: Mailbox) -> String {
        mailbox.to_string()
    }
}

impl fmt::Display for Mailbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Mailbox::Agent(agent) => write!(f, "agent:{agent}"),
            Mailbox::Group(group) => write!(f, "group:{group}"),
            Mailbox::Queue(queue) => write!(f, "queue:{queue}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mailbox_is_read_as_it_is_written() {
        for text in ["agent:wang", "group:desk", "queue:front:desk"] {
            assert_eq!(text.parse::<Mailbox>().unwrap().to_string(), text);
        }
        for text in ["", "desk", "queue:", "flow:x", "queue:a b"] {
            let error = text.parse::<Mailbox>().unwrap_err().to_string();
            assert!(error.contains("queue:<id>"), "{error}");
        }
    }
}

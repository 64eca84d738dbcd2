//! Who served a caller last: so that they can be brought together again.

use crate::engine::id::AgentId;
use crate::engine::text::OutsideText;
use crate::engine::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// Callers that are remembered at most; of more, those served longest ago are
/// forgotten.
pub const MOST: usize = 20_000;

/// The callers who talked with an agent last, by their number.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Vec<Patron>", into = "Vec<Patron>")]
pub struct Patrons {
    by_number: BTreeMap<OutsideText, (Timestamp, AgentId)>,
    by_time: BTreeSet<(Timestamp, OutsideText)>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Patron {
    number: OutsideText,
    agent: AgentId,
    at: Timestamp,
}

impl Patrons {
    /// An agent answered a caller. Who withholds the number is not remembered.
    pub fn served(&mut self, number: &OutsideText, agent: &AgentId, at: Timestamp) {
        if number.is_empty() {
            return;
        }
        let before = self.by_number.insert(number.clone(), (at, agent.clone()));
        if let Some((before, _)) = before {
            self.by_time.remove(&(before, number.clone()));
        }
        self.by_time.insert((at, number.clone()));
        if self.by_time.len() > MOST
            && let Some((_, oldest)) = self.by_time.pop_first()
        {
            self.by_number.remove(&oldest);
        }
    }

    /// The agent who served this caller last, and when.
    pub fn last(&self, number: &OutsideText) -> Option<(&AgentId, Timestamp)> {
        let (at, agent) = self.by_number.get(number)?;
        Some((agent, *at))
    }

    pub fn is_empty(&self) -> bool {
        self.by_number.is_empty()
    }
}

impl From<Vec<Patron>> for Patrons {
    fn from(list: Vec<Patron>) -> Self {
        let mut patrons = Self::default();
        for Patron { number, agent, at } in list {
            patrons.served(&number, &agent, at);
        }
        patrons
    }
}

impl From<Patrons> for Vec<Patron> {
    fn from(patrons: Patrons) -> Self {
        let all = patrons.by_number.into_iter();
        all.map(|(number, (at, agent))| Patron { number, agent, at })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_agent_counts_and_those_served_longest_ago_are_forgotten() {
        let mut patrons = Patrons::default();
        let number = |n: usize| OutsideText::new(&format!("1380{n}"));
        let agent = |name: &str| name.parse::<AgentId>().unwrap();
        patrons.served(
            &OutsideText::default(),
            &agent("anna"),
            Timestamp::from_millis(1),
        );
        assert!(patrons.is_empty());
        for n in 0..=MOST {
            let at = Timestamp::from_millis(i64::try_from(n).unwrap());
            patrons.served(&number(n), &agent("anna"), at);
        }
        assert_eq!(patrons.last(&number(0)), None);
        let late = Timestamp::from_millis(1_000_000);
        patrons.served(&number(1), &agent("bert"), late);
        assert_eq!(patrons.last(&number(1)), Some((&agent("bert"), late)));
        let list = serde_json::to_string(&patrons).unwrap();
        assert_eq!(serde_json::from_str::<Patrons>(&list).unwrap(), patrons);
    }
}

//! Lists of callers: who is a VIP, who is refused, whom agents know by name.
//! Made from the configuration, where their numbers are checked.

use crate::engine::cause::Cause;
use crate::engine::id::{CallerListId, FlowId, QueueId};
use crate::engine::text::OutsideText;
use crate::engine::time::Span;
use crate::engine::wishes::{AgentSet, Wishes};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What is known of callers by their numbers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Callers {
    pub numbering: Numbering,
    /// Who talked with an agent within this time is a returning caller.
    pub returning_within: Span,
    pub lists: BTreeMap<CallerListId, CallerList>,
    /// By whole numbers, as [`Numbering::normal`] writes them; the empty one stands
    /// for those who withhold theirs.
    pub numbers: BTreeMap<String, ListEntry>,
    /// By how numbers begin.
    pub beginnings: BTreeMap<String, ListEntry>,
}

impl Default for Callers {
    fn default() -> Self {
        Self {
            numbering: Numbering::default(),
            returning_within: Span::seconds(365 * 86_400),
            lists: BTreeMap::new(),
            numbers: BTreeMap::new(),
            beginnings: BTreeMap::new(),
        }
    }
}

/// What all callers of a list have in common.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallerList {
    /// Shown to people.
    pub name: String,
    pub kind: ListKind,
    /// Added to the priority of each queue.
    pub priority: i32,
    /// A queue in which they wait besides those that a flow leads to.
    pub queue: Option<QueueId>,
    pub wishes: Wishes,
    /// For conditions.
    pub attributes: BTreeMap<String, String>,
}

/// What a list is for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ListKind {
    Vip,
    /// For conditions, preferred agents and priorities.
    Plain,
    /// Blocked: their calls are refused, unanswered.
    Refused(Cause),
    /// Blocked: their calls go through this flow, whatever was dialled.
    Led(FlowId),
}

impl ListKind {
    pub fn is_blocked(&self) -> bool {
        matches!(self, ListKind::Refused(_) | ListKind::Led(_))
    }
}

/// One number, or one beginning of numbers, on a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListEntry {
    pub list: CallerListId,
    /// Who it is, shown to people.
    #[serde(default, skip_serializing_if = "OutsideText::is_empty")]
    pub name: OutsideText,
    /// In place of the list's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub priority: Option<i32>,
    /// In place of the list's, when somebody is named.
    #[serde(default, skip_serializing_if = "AgentSet::is_empty")]
    pub prefer: AgentSet,
    /// Besides the list's.
    #[serde(default, skip_serializing_if = "AgentSet::is_empty")]
    pub never: AgentSet,
    /// Besides the list's, and before them.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub attributes: BTreeMap<String, String>,
}

impl Callers {
    /// The list that a caller is on, by the number as [`Numbering::normal`] writes
    /// it: the whole number counts, or else the longest beginning of it. Takes time
    /// in the logarithm of all numbers for each digit.
    pub fn find(&self, number: &OutsideText) -> Option<(&CallerList, &ListEntry)> {
        let whole = self.numbers.get(number.as_str());
        let entry = whole.or_else(|| self.longest_beginning(number.as_str()))?;
        Some((self.lists.get(&entry.list)?, entry))
    }

    fn longest_beginning(&self, number: &str) -> Option<&ListEntry> {
        if self.beginnings.is_empty() {
            return None;
        }
        let ends = number.char_indices().map(|(start, c)| start + c.len_utf8());
        let ends: Vec<usize> = ends.collect();
        let mut beginnings = ends.iter().rev().map(|end| &number[..*end]);
        beginnings.find_map(|beginning| self.beginnings.get(beginning))
    }
}

/// How one and the same number is always written the same way.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Numbering {
    /// What numbers begin with, and what stands for it; the longest that fits counts.
    pub rewrite: BTreeMap<String, String>,
}

impl Numbering {
    /// A number without spaces and marks between its digits, its beginning rewritten.
    pub fn normal(&self, number: &str) -> OutsideText {
        let mark = |c: &char| c.is_whitespace() || "-().[]/".contains(*c);
        let plain: String = number.chars().filter(|c| !mark(c)).collect();
        let fitting = self.rewrite.iter();
        let fitting =
            fitting.filter_map(|(from, to)| Some((plain.strip_prefix(from.as_str())?, to)));
        match fitting.min_by_key(|(rest, _)| rest.len()) {
            Some((rest, to)) => OutsideText::new(&format!("{to}{rest}")),
            None => OutsideText::new(&plain),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(list: &str) -> ListEntry {
        serde_json::from_str(&format!(r#"{{"list":"{list}"}}"#)).unwrap()
    }

    fn callers(numbers: &[(&str, &str)], beginnings: &[(&str, &str)]) -> Callers {
        let list = |name: &str| CallerList {
            name: name.to_owned(),
            kind: ListKind::Vip,
            priority: 0,
            queue: None,
            wishes: Wishes::default(),
            attributes: BTreeMap::new(),
        };
        let index = |entries: &[(&str, &str)]| {
            let entries = entries.iter();
            entries
                .map(|(number, list)| ((*number).to_owned(), entry(list)))
                .collect()
        };
        let names = numbers.iter().chain(beginnings).map(|(_, list)| *list);
        Callers {
            lists: names
                .map(|name| (name.parse().unwrap(), list(name)))
                .collect(),
            numbers: index(numbers),
            beginnings: index(beginnings),
            ..Callers::default()
        }
    }

    fn found(callers: &Callers, number: &str) -> Option<String> {
        let (_, entry) = callers.find(&OutsideText::new(number))?;
        Some(entry.list.to_string())
    }

    #[test]
    fn the_whole_number_counts_and_then_the_longest_beginning() {
        let callers = callers(
            &[("13800138000", "vip"), ("", "withheld")],
            &[("138", "mobile"), ("13800", "company"), ("张", "named")],
        );
        let list = |number| found(&callers, number);
        assert_eq!(list("13800138000").as_deref(), Some("vip"));
        assert_eq!(list("13800138001").as_deref(), Some("company"));
        assert_eq!(list("13900138000"), None);
        assert_eq!(list("138").as_deref(), Some("mobile"));
        assert_eq!(list("张三").as_deref(), Some("named"));
        assert_eq!(list("").as_deref(), Some("withheld"));
    }

    #[test]
    fn a_hundred_thousand_numbers_are_looked_up_by_few_comparisons() {
        let numbers: Vec<String> = (0..100_000).map(|n| format!("138{n:08}")).collect();
        let pairs: Vec<(&str, &str)> = numbers.iter().map(|n| (n.as_str(), "vip")).collect();
        let callers = callers(&pairs, &[("139", "blocked")]);
        for number in &numbers {
            assert_eq!(found(&callers, number).as_deref(), Some("vip"));
        }
        assert_eq!(found(&callers, "13900000000").as_deref(), Some("blocked"));
        assert_eq!(found(&callers, "13800100000"), None);
    }

    #[test]
    fn a_number_is_the_same_however_it_is_written() {
        let rewrite = [("+86", "0"), ("+861", "1"), ("0086", "0"), ("00861", "1")];
        let rewrite = rewrite.map(|(from, to)| (from.to_owned(), to.to_owned()));
        let numbering = Numbering {
            rewrite: rewrite.into(),
        };
        for written in ["+86 138-0013-8000", "008613800138000", "138 0013 8000"] {
            assert_eq!(numbering.normal(written).as_str(), "13800138000");
        }
        for written in ["+86 (21) 6888 0000", "00862168880000", "021/68880000"] {
            assert_eq!(numbering.normal(written).as_str(), "02168880000");
        }
        assert_eq!(numbering.normal("+1 212 555 0100").as_str(), "+12125550100");
        assert_eq!(numbering.normal("").as_str(), "");
    }
}

//! `[callers]` and `[caller_lists.<id>]`: what is known of callers by their numbers.

pub(super) mod file;

use crate::config::finding::{Findings, Place, Severity};
use crate::config::section::section;
use crate::config::source::{Node, Value};
use crate::engine::caller_list::{CallerList, Callers, ListEntry, ListKind, Numbering};
use crate::engine::cause::Cause;
use crate::engine::id::{AgentId, CallerListId, FlowId, QueueId};
use crate::engine::text::OutsideText;
use crate::engine::time::Span;
use crate::engine::wishes::{AgentSet, Wishes};
use crate::nearest::suggestion;
use file::{ListFile, Listed};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::num::NonZeroU32;
use std::path::PathBuf;

/// Numbers on all lists together.
const MOST_NUMBERS: usize = 500_000;
/// Findings told of one list; more are counted.
const MOST_FINDINGS: usize = 20;
/// Stands for callers who withhold their number.
const WITHHELD: &str = "withheld";
const DAY_S: u32 = 86_400;

section! {
    /// How callers are known by their numbers.
    pub struct CallersConfig {
        /// What numbers begin with, and what stands for it, so that one and the same number is
        /// always written the same way; the longest that fits counts. Spaces and marks between
        /// digits never count.
        default rewrite: BTreeMap<String, String> = { "+861" = "1", "+86" = "0", "00861" = "1", "0086" = "0" },
        /// A caller who talked with an agent within so many days is a returning one; any other
        /// calls for the first time (`call.first_contact` in conditions).
        default returning_days: NonZeroU32 = 365,
    }
}

/// What a list is for, as it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KindWord {
    Vip,
    Blocked,
    Plain,
}

section! {
    /// A list of callers. The whole number counts before a beginning, and of these the longest;
    /// of several lists with the same number the one that blocks, and then the one with the
    /// higher priority.
    pub struct CallerListConfig {
        /// Shown to people.
        required name: String = "贵宾",
        /// "vip" (`call.vip` in conditions), "blocked" or "plain".
        required kind: KindWord = "vip",
        /// Numbers, or beginnings of numbers with a `*` at the end, each alone or with more:
        /// `{ number = "13800138000", name = "王先生", prefer = "wangfang", never = ["lilei"] }`.
        /// "withheld" stands for callers without a number.
        default numbers: Vec<ListedNumber> = [],
        /// A file with more of them, a path from the folder of this file: its first line names the
        /// columns `number`, and if wanted `name`, `priority`, `prefer`, `never` (agents with
        /// spaces between them); any other column is an attribute.
        optional file: Option<PathBuf> = "vip.csv",
        /// Added to the priority of the queues in which they wait.
        default priority: i32 = 0,
        /// A queue in which they wait too, whichever a flow leads them to.
        optional queue: Option<QueueId> = "reservations",
        /// Agents for one of whom their calls wait alone at first.
        default prefer: AgentSet = [],
        /// Seconds that they do.
        default prefer_wait_s: NonZeroU32 = 30,
        /// Agents whom their calls never reach through a queue.
        default never: AgentSet = [],
        /// For conditions: `call.<attribute>`.
        default attributes: BTreeMap<String, String> = {},
        /// Of a blocked list: how calls are refused, before they are answered.
        default cause: Cause = "rejected",
        /// Of a blocked list: the flow through which calls go instead.
        optional flow: Option<FlowId> = "reservations",
    }
}

/// One of a list's `numbers`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(from = "NumberForm")]
pub struct ListedNumber {
    number: String,
    name: String,
    priority: Option<i32>,
    prefer: AgentSet,
    never: AgentSet,
    attributes: BTreeMap<String, String>,
}

/// A number as it can be written: alone, or in full.
#[derive(Deserialize)]
#[serde(untagged)]
enum NumberForm {
    Alone(String),
    Full(FullNumber),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FullNumber {
    number: String,
    #[serde(default)]
    name: String,
    priority: Option<i32>,
    #[serde(default)]
    prefer: AgentSet,
    #[serde(default)]
    never: AgentSet,
    #[serde(default)]
    attributes: BTreeMap<String, String>,
}

impl From<NumberForm> for ListedNumber {
    fn from(form: NumberForm) -> Self {
        let full = match form {
            NumberForm::Full(full) => full,
            NumberForm::Alone(number) => FullNumber {
                number,
                name: String::new(),
                priority: None,
                prefer: AgentSet::default(),
                never: AgentSet::default(),
                attributes: BTreeMap::new(),
            },
        };
        Self {
            number: full.number,
            name: full.name,
            priority: full.priority,
            prefer: full.prefer,
            never: full.never,
            attributes: full.attributes,
        }
    }
}

impl CallerListConfig {
    fn list(&self) -> CallerList {
        let kind = match (self.kind, &self.flow) {
            (KindWord::Vip, _) => ListKind::Vip,
            (KindWord::Plain, _) => ListKind::Plain,
            (KindWord::Blocked, None) => ListKind::Refused(self.cause),
            (KindWord::Blocked, Some(flow)) => ListKind::Led(flow.clone()),
        };
        CallerList {
            name: self.name.clone(),
            kind,
            priority: self.priority,
            queue: self.queue.clone(),
            wishes: Wishes {
                prefer: self.prefer.clone(),
                wait: Span::seconds(self.prefer_wait_s.get()),
                never: self.never.clone(),
            },
            attributes: self.attributes.clone(),
        }
    }
}

/// Everything that lists say, as the engine looks it up.
pub(super) fn assemble(
    callers: &CallersConfig,
    lists: &BTreeMap<CallerListId, CallerListConfig>,
    files: &BTreeMap<CallerListId, ListFile>,
    root: &Node,
    findings: &mut Findings,
) -> Callers {
    let agents = agents_of(root);
    let mut assembly = Assembly {
        callers: Callers {
            numbering: Numbering {
                rewrite: callers.rewrite.clone(),
            },
            returning_within: Span::seconds(callers.returning_days.get().saturating_mul(DAY_S)),
            ..Callers::default()
        },
        agents: &agents,
        told: 0,
        findings,
    };
    for (id, list) in lists {
        assembly.callers.lists.insert(id.clone(), list.list());
        assembly.told = 0;
        let place = place_of(root, id);
        for number in &list.numbers {
            assembly.add(id, number, &place);
        }
        let listed = files.get(id).map(|file| file.listed.as_slice());
        for Listed { place, number } in listed.unwrap_or_default() {
            assembly.add(id, number, place);
        }
        if assembly.told > MOST_FINDINGS {
            let what = format!("{} more like these", assembly.told - MOST_FINDINGS);
            let subject = format!("caller_lists.{id}");
            let severity = Severity::Warning;
            assembly
                .findings
                .push(severity, &place, &subject, what, None);
        }
    }
    assembly.callers
}

struct Assembly<'a> {
    callers: Callers,
    agents: &'a [String],
    /// Findings of the present list.
    told: usize,
    findings: &'a mut Findings,
}

impl Assembly<'_> {
    fn add(&mut self, list: &CallerListId, listed: &ListedNumber, place: &Place) {
        let (written, is_beginning) = match listed.number.strip_suffix('*') {
            Some(beginning) => (beginning, true),
            None => (listed.number.as_str(), false),
        };
        let number = match written.trim() {
            WITHHELD if !is_beginning => OutsideText::default(),
            written => self.callers.numbering.normal(written),
        };
        let is_number = number.as_str().chars().any(char::is_alphanumeric);
        if !is_number && written.trim() != WITHHELD {
            let what = format!("{:?} is not a number", listed.number);
            let repair = "write digits, or \"withheld\"; a beginning ends with *".to_owned();
            return self.tell(Severity::Error, list, place, what, Some(repair));
        }
        for agent in listed.prefer.iter().chain(listed.never.iter()) {
            self.knows(agent, list, place);
        }
        let entry = ListEntry {
            list: list.clone(),
            name: OutsideText::new(&listed.name),
            priority: listed.priority,
            prefer: listed.prefer.clone(),
            never: listed.never.clone(),
            attributes: listed.attributes.clone(),
        };
        if self.callers.numbers.len() + self.callers.beginnings.len() >= MOST_NUMBERS {
            let what = format!("there are more than {MOST_NUMBERS} numbers on all lists");
            return self.tell(Severity::Error, list, place, what, None);
        }
        let new = weight_of(&self.callers.lists, &entry);
        let index = match is_beginning {
            true => &mut self.callers.beginnings,
            false => &mut self.callers.numbers,
        };
        let doubt = match index.entry(number.as_str().to_owned()) {
            Entry::Vacant(vacant) => {
                vacant.insert(entry);
                return;
            }
            Entry::Occupied(mut other) => {
                let before = other.get().list.clone();
                let stays = weight_of(&self.callers.lists, other.get()) >= new;
                let counts = if stays { before.clone() } else { list.clone() };
                if !stays {
                    other.insert(entry);
                }
                match before == *list {
                    true => format!("{:?} stands on the list twice", listed.number),
                    false => format!(
                        "{:?} stands on the list \"{before}\" too; \"{counts}\" counts",
                        listed.number
                    ),
                }
            }
        };
        self.tell(Severity::Warning, list, place, doubt, None);
    }

    fn knows(&mut self, agent: &AgentId, list: &CallerListId, place: &Place) {
        if !self.agents.iter().any(|known| known == agent.as_str()) {
            let repair = suggestion(agent.as_str(), self.agents.iter().map(String::as_str));
            let what = format!("unknown agent \"{agent}\"");
            self.tell(Severity::Error, list, place, what, repair);
        }
    }

    fn tell(
        &mut self,
        severity: Severity,
        list: &CallerListId,
        place: &Place,
        what: String,
        repair: Option<String>,
    ) {
        self.told += 1;
        if self.told <= MOST_FINDINGS || severity == Severity::Error && !self.findings.has_errors()
        {
            let subject = format!("caller_lists.{list}");
            self.findings.push(severity, place, &subject, what, repair);
        }
    }
}

/// Of two lists with the same number the one of more weight counts.
fn weight_of(lists: &BTreeMap<CallerListId, CallerList>, entry: &ListEntry) -> (bool, i32) {
    let list = lists.get(&entry.list);
    list.map_or((false, i32::MIN), |list| {
        let priority = entry.priority.unwrap_or(list.priority);
        (list.kind.is_blocked(), priority)
    })
}

fn place_of(root: &Node, list: &CallerListId) -> Place {
    let child = |node: &Node, name: &str| match &node.value {
        Value::Table(table) => table.get(name).cloned(),
        _ => None,
    };
    let list = child(root, "caller_lists").and_then(|lists| child(&lists, list.as_str()));
    let numbers = list.as_ref().and_then(|list| child(list, "numbers"));
    let place = numbers.map(|numbers| numbers.place);
    place
        .or(list.map(|list| list.key))
        .unwrap_or(Place::Default)
}

fn agents_of(root: &Node) -> Vec<String> {
    let Value::Table(root) = &root.value else {
        return Vec::new();
    };
    match root.get("agents").map(|node| &node.value) {
        Some(Value::Table(agents)) => agents.keys().cloned().collect(),
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use crate::config::Config;
    use crate::config::finding::ConfigErrors;
    use crate::engine::text::OutsideText;
    use std::path::Path;

    const CENTRE: &str = "
        [switches.sim]
        kind = \"simulated\"
        [queues.desk]
        name = \"Desk\"
        [agents.wangfang]
        name = \"王芳\"
        extension = \"1001\"
        switch = \"sim\"
        queues = [\"desk\"]
        [numbers.4001]
        flow = \"desk\"
        [flows.desk]
        name = \"desk\"
        start = \"in\"
        blocks = { in = { kind = \"answer\", next = \"desk\" }, desk = { kind = \"queue\", queue = \"desk\" } }
        ";

    fn read(lists: &str) -> Result<Config, ConfigErrors> {
        Config::read(Path::new("x.toml"), &format!("{CENTRE}{lists}"), [])
    }

    fn told(lists: &str) -> Vec<String> {
        let findings = match read(lists) {
            Ok(config) => config.warnings,
            Err(ConfigErrors::Found(findings)) => findings,
            Err(error) => panic!("{error}"),
        };
        findings
            .iter()
            .map(|finding| finding.what.clone())
            .collect()
    }

    #[test]
    fn the_list_that_blocks_counts_and_then_the_higher_priority() {
        let lists = "
            [caller_lists.pests]
            name = \"黑名单\"
            kind = \"blocked\"
            numbers = [\"139*\", \"withheld\", \"+86 138 0013 8000\"]
            [caller_lists.vip]
            name = \"贵宾\"
            kind = \"vip\"
            numbers = [\"13800138000\", { number = \"13900139000\", prefer = \"wangfang\" }]
            ";
        assert_eq!(
            told(lists),
            ["\"13800138000\" stands on the list \"pests\" too; \"pests\" counts"]
        );
        let callers = read(lists).unwrap().known_callers;
        let list = |number: &str| {
            let found = callers.find(&OutsideText::new(number));
            found
                .map(|(_, entry)| entry.list.to_string())
                .unwrap_or_default()
        };
        assert_eq!(list("13800138000"), "pests");
        assert_eq!(list("13900139000"), "vip");
        assert_eq!(list("13900139001"), "pests");
        assert_eq!(list(""), "pests");
    }

    #[test]
    fn what_is_wrong_with_a_list_is_said() {
        let lists = "
            [caller_lists.vip]
            name = \"贵宾\"
            kind = \"vip\"
            flow = \"desk\"
            queue = \"dest\"
            never = [\"wangfan\"]
            numbers = [\"-\", { number = \"1\", prefer = \"wangfan\" }]
            ";
        assert_eq!(
            told(lists),
            [
                "only callers of a blocked list are led to a flow",
                "unknown queue \"dest\"",
                "unknown agent \"wangfan\"",
                "\"-\" is not a number",
                "unknown agent \"wangfan\"",
            ]
        );
    }
}

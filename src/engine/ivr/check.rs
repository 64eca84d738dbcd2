//! Finds what is wrong with a flow before a caller does.

use crate::engine::id::{AgentId, BlockId, CalendarId, QueueId};
use crate::engine::ivr::flow::{Block, Flow, VoicemailBlock};
use crate::engine::mailbox::Mailbox;
use crate::engine::wishes::AgentSet;
use crate::nearest::suggestion;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// One thing wrong with a flow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FlowFinding {
    /// The block it stands in; `None` for the flow's start.
    pub block: Option<BlockId>,
    /// The block's key, dotted: `next`, `choices.1`, `prompts`.
    pub edge: Option<String>,
    pub problem: Problem,
    /// What would mend it.
    pub repair: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Problem {
    StartMissing {
        start: BlockId,
    },
    UnknownNext {
        next: BlockId,
    },
    UnknownQueue {
        queue: QueueId,
    },
    UnknownCalendar {
        calendar: CalendarId,
    },
    UnknownAgent {
        agent: AgentId,
    },
    /// A condition asks about something else than the call.
    NotOfTheCall {
        asks: &'static str,
    },
    /// Nobody is there whose mailbox it would be.
    UnknownMailbox {
        mailbox: Mailbox,
    },
    Unreachable,
    NoPrompts,
    NoChoices,
    ZeroTimeout,
    ZeroAttempts,
    /// Blocks that lead round in a circle and never wait for the caller or an agent.
    NeverWaits {
        circle: Vec<BlockId>,
    },
    /// The caller can come here unanswered, and hears nothing.
    Unanswered,
    /// The caller can come here answered, and busy refuses only unanswered calls.
    BusyAfterAnswer,
}

impl Problem {
    /// Whether the flow cannot be used, rather than being doubtful.
    pub fn is_fatal(&self) -> bool {
        !matches!(
            self,
            Problem::Unreachable | Problem::Unanswered | Problem::BusyAfterAnswer
        )
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Problem::StartMissing { start } => write!(
                f,
                "the flow starts at \"{start}\", which is not one of its blocks"
            ),
            Problem::UnknownNext { next } => write!(
                f,
                "leads to \"{next}\", which is not one of the flow's blocks"
            ),
            Problem::UnknownQueue { queue } => write!(f, "unknown queue \"{queue}\""),
            Problem::UnknownCalendar { calendar } => write!(f, "unknown calendar \"{calendar}\""),
            Problem::UnknownAgent { agent } => write!(f, "unknown agent \"{agent}\""),
            Problem::NotOfTheCall { asks } => {
                write!(f, "asks about `{asks}`, of which nothing is known here")
            }
            Problem::UnknownMailbox { mailbox } => {
                write!(f, "no agent, group or queue has the mailbox \"{mailbox}\"")
            }
            Problem::Unreachable => f.write_str("no way from the start leads to this block"),
            Problem::NoPrompts => f.write_str("there is no prompt to play"),
            Problem::NoChoices => f.write_str("the menu has no choices"),
            Problem::ZeroTimeout => f.write_str("the menu gives the caller no time to press a key"),
            Problem::ZeroAttempts => f.write_str("the menu is never played"),
            Problem::NeverWaits { circle } => {
                let names: Vec<&str> = circle.iter().map(BlockId::as_str).collect();
                write!(
                    f,
                    "the flow goes round for ever and never waits for a key or an agent: {}",
                    names.join(" → ")
                )
            }
            Problem::Unanswered => f.write_str(
                "a call can come here before it is answered, and the caller hears nothing",
            ),
            Problem::BusyAfterAnswer => f.write_str(
                "a call can come here after it was answered; busy refuses only unanswered calls",
            ),
        }
    }
}

/// What exists outside of the flow, by name.
#[derive(Clone, Debug, Default)]
pub struct Known {
    pub queues: BTreeSet<QueueId>,
    pub calendars: BTreeSet<CalendarId>,
    pub agents: BTreeSet<AgentId>,
    pub mailboxes: BTreeSet<Mailbox>,
}

/// Everything found in `flow`, in the order of its blocks.
pub fn check(flow: &Flow, known: &Known) -> Vec<FlowFinding> {
    let mut findings = Vec::new();
    start(flow, &mut findings);
    for (id, block) in &flow.blocks {
        edges(flow, id, block, &mut findings);
        content(id, block, known, &mut findings);
    }
    if flow.blocks.contains_key(&flow.start) {
        reach(flow, &mut findings);
    }
    circles(flow, &mut findings);
    findings
}

fn start(flow: &Flow, findings: &mut Vec<FlowFinding>) {
    if !flow.blocks.contains_key(&flow.start) {
        let problem = Problem::StartMissing {
            start: flow.start.clone(),
        };
        let repair = known_block(flow, &flow.start);
        findings.push(FlowFinding {
            block: None,
            edge: None,
            problem,
            repair,
        });
    }
}

fn edges(flow: &Flow, id: &BlockId, block: &Block, findings: &mut Vec<FlowFinding>) {
    for (edge, next) in block.edges() {
        if !flow.blocks.contains_key(next) {
            let problem = Problem::UnknownNext { next: next.clone() };
            findings.push(at(id, Some(&edge), problem, known_block(flow, next)));
        }
    }
}

fn content(id: &BlockId, block: &Block, known: &Known, findings: &mut Vec<FlowFinding>) {
    let mut add = |edge: &str, problem, repair: &str| {
        findings.push(at(id, Some(edge), problem, repair.to_owned()))
    };
    match block {
        Block::Play { prompts, .. } if prompts.is_empty() => {
            add(
                "prompts",
                Problem::NoPrompts,
                "name at least one prompt, or leave the block out",
            );
        }
        Block::Menu {
            prompts,
            choices,
            timeout_s,
            attempts,
            ..
        } => {
            if prompts.is_empty() {
                add(
                    "prompts",
                    Problem::NoPrompts,
                    "name the prompt that says what to press",
                );
            }
            if choices.is_empty() {
                add(
                    "choices",
                    Problem::NoChoices,
                    "add a key and the block it leads to, for example 1 = \"wait\"",
                );
            }
            if *timeout_s == 0 {
                add(
                    "timeout_s",
                    Problem::ZeroTimeout,
                    "give at least 1 second; 5 is usual",
                );
            }
            if *attempts == 0 {
                add(
                    "attempts",
                    Problem::ZeroAttempts,
                    "give at least 1; 3 is usual",
                );
            }
        }
        Block::If { condition, .. } => {
            let asks = ["agent", "queue"].into_iter();
            for asks in asks.filter(|name| condition.asks_about(name)) {
                let problem = Problem::NotOfTheCall { asks };
                add("condition", problem, "ask about `call`");
            }
        }
        Block::Queue {
            queue,
            prefer,
            never,
            ..
        } => {
            for (edge, agent) in named(prefer, never) {
                if !known.agents.contains(agent) {
                    let names = known.agents.iter().map(|agent| agent.as_str());
                    let repair = suggestion(agent.as_str(), names);
                    let repair = repair.unwrap_or_else(|| "name an agent there is".to_owned());
                    let agent = agent.clone();
                    add(edge, Problem::UnknownAgent { agent }, &repair);
                }
            }
            let unknown = queue
                .as_slice()
                .iter()
                .find(|queue| !known.queues.contains(queue));
            let Some(queue) = unknown else { return };
            let names = known.queues.iter().map(|queue| queue.as_str());
            let repair = suggestion(queue.as_str(), names);
            let problem = Problem::UnknownQueue {
                queue: queue.clone(),
            };
            add(
                "queue",
                problem,
                &repair.unwrap_or_else(|| "configure a queue of this name".to_owned()),
            );
        }
        Block::Voicemail(VoicemailBlock { to, .. }) if !known.mailboxes.contains(to) => {
            let names: Vec<String> = known.mailboxes.iter().map(Mailbox::to_string).collect();
            let repair = suggestion(&to.to_string(), names.iter().map(String::as_str));
            let usual = "write \"agent:<id>\", \"group:<id>\" or \"queue:<id>\" of one there is";
            let problem = Problem::UnknownMailbox {
                mailbox: to.clone(),
            };
            add("to", problem, &repair.unwrap_or_else(|| usual.to_owned()));
        }
        Block::Hours { calendar, .. } if !known.calendars.contains(calendar) => {
            let names = known.calendars.iter().map(|calendar| calendar.as_str());
            let repair = suggestion(calendar.as_str(), names);
            let problem = Problem::UnknownCalendar {
                calendar: calendar.clone(),
            };
            add(
                "calendar",
                problem,
                &repair.unwrap_or_else(|| "configure a calendar of this name".to_owned()),
            );
        }
        _ => {}
    }
}

/// The agents a block names, with the key they stand at.
fn named<'b>(
    prefer: &'b AgentSet,
    never: &'b AgentSet,
) -> impl Iterator<Item = (&'static str, &'b AgentId)> {
    let prefer = prefer.iter().map(|agent| ("prefer", agent));
    prefer.chain(never.iter().map(|agent| ("never", agent)))
}

/// Unreachable blocks, and blocks reached in the wrong state of the call.
fn reach(flow: &Flow, findings: &mut Vec<FlowFinding>) {
    // The states a call can be in when it enters each block: (answered, block).
    let mut seen: BTreeSet<(bool, &BlockId)> = BTreeSet::new();
    let mut open = vec![(false, &flow.start)];
    while let Some((answered, id)) = open.pop() {
        let Some(block) = flow.blocks.get(id) else {
            continue;
        };
        if seen.insert((answered, id)) {
            let after = answered || matches!(block, Block::Answer { .. });
            open.extend(block.edges().into_iter().map(|(_, next)| (after, next)));
        }
    }
    for (id, block) in &flow.blocks {
        let (unanswered, answered) = (seen.contains(&(false, id)), seen.contains(&(true, id)));
        if !unanswered && !answered {
            let repair = "lead an edge to it, or remove it".to_owned();
            findings.push(at(id, None, Problem::Unreachable, repair));
        }
        if unanswered
            && matches!(
                block,
                Block::Play { .. } | Block::Menu { .. } | Block::Queue { .. }
            )
        {
            let repair = "put a block of kind \"answer\" before it".to_owned();
            findings.push(at(id, None, Problem::Unanswered, repair));
        }
        if answered && matches!(block, Block::Busy) {
            let repair = "use a block of kind \"hang_up\"".to_owned();
            findings.push(at(id, None, Problem::BusyAfterAnswer, repair));
        }
    }
}

/// Circles of blocks that go on by themselves: walks every way through them and
/// tells each block that leads back into the way that led to it.
fn circles(flow: &Flow, findings: &mut Vec<FlowFinding>) {
    let alone: BTreeMap<&BlockId, Vec<(String, &BlockId)>> = flow
        .blocks
        .iter()
        .filter(|(_, block)| block.goes_on_alone())
        .map(|(id, block)| (id, block.edges()))
        .collect();
    let mut settled: BTreeSet<&BlockId> = BTreeSet::new();
    for first in alone.keys() {
        // The way so far: each block with the edges not yet tried.
        let mut way = vec![(*first, alone[first].iter())];
        while let Some((here, edges)) = way.last_mut() {
            let here = *here;
            let Some((edge, next)) = edges.next().filter(|_| !settled.contains(here)) else {
                settled.insert(here);
                way.pop();
                continue;
            };
            if let Some(begin) = way.iter().position(|(id, _)| id == next) {
                let ids = way[begin..].iter().map(|(id, _)| *id).chain([*next]);
                let circle: Vec<BlockId> = ids.cloned().collect();
                let into = alone[next].iter().find(|(_, to)| circle.get(1) == Some(to));
                let edge = into.map_or(edge, |(edge, _)| edge);
                let repair = "lead it to a menu, a queue or the end of the call".to_owned();
                let problem = Problem::NeverWaits { circle };
                findings.push(at(next, Some(edge), problem, repair));
            } else if let Some(edges) = alone.get(next) {
                way.push((*next, edges.iter()));
            }
        }
    }
}

fn at(block: &BlockId, edge: Option<&str>, problem: Problem, repair: String) -> FlowFinding {
    FlowFinding {
        block: Some(block.clone()),
        edge: edge.map(str::to_owned),
        problem,
        repair,
    }
}

fn known_block(flow: &Flow, wanted: &BlockId) -> String {
    suggestion(wanted.as_str(), flow.blocks.keys().map(BlockId::as_str))
        .unwrap_or_else(|| format!("add a block \"{wanted}\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is found in a flow whose blocks are given as TOML.
    fn problems(blocks: &str) -> Vec<(String, Problem)> {
        let text = format!("name = \"Test\"\nstart = \"start\"\n[blocks]\n{blocks}");
        let flow: Flow = toml::from_str(&text).unwrap();
        let known = Known {
            queues: BTreeSet::from([QueueId::new("desk").unwrap()]),
            calendars: BTreeSet::from([CalendarId::new("office").unwrap()]),
            agents: BTreeSet::from([AgentId::new("anna").unwrap()]),
            mailboxes: BTreeSet::from(["queue:desk".parse().unwrap()]),
        };
        let place = |finding: &FlowFinding| {
            let block = finding.block.as_ref().map_or("-", BlockId::as_str);
            format!("{block}.{}", finding.edge.as_deref().unwrap_or("-"))
        };
        check(&flow, &known)
            .into_iter()
            .map(|finding| {
                assert!(!finding.repair.is_empty(), "every finding has a repair");
                (place(&finding), finding.problem)
            })
            .collect()
    }

    fn block(name: &str) -> BlockId {
        BlockId::new(name).unwrap()
    }

    #[test]
    fn a_sound_flow_has_no_findings() {
        let flow = r#"
            start = { kind = "answer", next = "menu" }
            menu = { kind = "menu", prompts = ["hello"], choices = { 1 = "wait" }, otherwise = "menu" }
            wait = { kind = "queue", queue = "desk", full = "end" }
            end = { kind = "hang_up" }"#;
        assert_eq!(problems(flow), []);
    }

    #[test]
    fn a_start_that_does_not_exist_is_found() {
        let found = problems(r#"first = { kind = "busy" }"#);
        assert_eq!(
            found,
            [(
                "-.-".to_owned(),
                Problem::StartMissing {
                    start: block("start")
                }
            )]
        );
    }

    #[test]
    fn an_edge_into_nothing_and_a_block_nobody_leads_to_are_found() {
        let found = problems(
            r#"
            start = { kind = "answer", next = "bye" }
            end = { kind = "hang_up" }"#,
        );
        assert_eq!(
            found,
            [
                (
                    "start.next".to_owned(),
                    Problem::UnknownNext { next: block("bye") }
                ),
                ("end.-".to_owned(), Problem::Unreachable),
            ]
        );
    }

    #[test]
    fn a_circle_of_prompts_is_found_once_and_a_menu_may_repeat() {
        let found = problems(
            r#"
            start = { kind = "answer", next = "a" }
            a = { kind = "play", prompts = ["x"], next = "b" }
            b = { kind = "play", prompts = ["x"], next = "a" }"#,
        );
        let circle = vec![block("a"), block("b"), block("a")];
        assert_eq!(
            found,
            [("a.next".to_owned(), Problem::NeverWaits { circle })]
        );
    }

    #[test]
    fn a_block_that_leads_to_itself_is_a_circle() {
        let found = problems(r#"start = { kind = "answer", next = "start" }"#);
        let circle = vec![block("start"), block("start")];
        assert_eq!(
            found,
            [("start.next".to_owned(), Problem::NeverWaits { circle })]
        );
    }

    #[test]
    fn a_call_in_the_wrong_state_is_doubtful() {
        let found = problems(
            r#"
            start = { kind = "play", prompts = ["x"], next = "answer" }
            answer = { kind = "answer", next = "refuse" }
            refuse = { kind = "busy" }"#,
        );
        assert_eq!(
            found,
            [
                ("refuse.-".to_owned(), Problem::BusyAfterAnswer),
                ("start.-".to_owned(), Problem::Unanswered),
            ]
        );
        assert!(found.iter().all(|(_, problem)| !problem.is_fatal()));
    }

    #[test]
    fn hours_are_followed_on_both_edges() {
        let found = problems(
            r#"
            start = { kind = "hours", calendar = "offcie", open = "desk", closed = "bye" }
            desk = { kind = "queue", queue = "desk" }
            bye = { kind = "play", prompts = ["closed"], next = "start" }"#,
        );
        let calendar = CalendarId::new("offcie").unwrap();
        let circle = ["bye", "start", "bye"].map(block).to_vec();
        assert_eq!(
            found,
            [
                (
                    "start.calendar".to_owned(),
                    Problem::UnknownCalendar { calendar }
                ),
                ("bye.-".to_owned(), Problem::Unanswered),
                ("desk.-".to_owned(), Problem::Unanswered),
                ("bye.next".to_owned(), Problem::NeverWaits { circle }),
            ]
        );
    }

    #[test]
    fn two_ways_that_meet_again_are_no_circle() {
        let found = problems(
            r#"
            start = { kind = "hours", calendar = "office", open = "a", closed = "b" }
            a = { kind = "answer", next = "b" }
            b = { kind = "answer", next = "end" }
            end = { kind = "hang_up" }"#,
        );
        assert_eq!(found, []);
    }
}

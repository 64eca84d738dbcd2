//! What follows when agents miss calls: `max-no-answer` and the delays of agents,
//! `agent-no-answer-status` of queues.

use super::{Agent, Queue, last, number};
use crate::import::draft::{DraftMissed, DraftQueue, majority, missed_offers};
use crate::import::{Given, Remarks};

/// What one agent has; 0 where nothing is said.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Missed {
    most_unanswered: u32,
    unanswered_s: u32,
    rejected_s: u32,
    busy_s: u32,
}

impl Missed {
    pub(super) fn read(given: &[Given], remarks: &mut Remarks) -> Self {
        let mut of = |name| {
            let given = last(given, name).filter(|given| !given.value.trim().is_empty());
            given.and_then(|given| number(given, remarks)).unwrap_or(0)
        };
        Self {
            most_unanswered: of("max-no-answer"),
            unanswered_s: of("no-answer-delay-time"),
            rejected_s: of("reject-delay-time"),
            busy_s: of("busy-delay-time"),
        }
    }
}

impl Queue {
    /// What most of its agents have.
    pub(super) fn missed(&self, agents: &[&Agent], draft: &mut DraftQueue, remarks: &mut Remarks) {
        let values = agents
            .iter()
            .map(|agent| (agent.name.as_str(), agent.missed));
        let (most, others) = majority(values).unwrap_or_default();
        for agent in agents
            .iter()
            .filter(|agent| others.contains(&agent.name.as_str()))
        {
            let subject = format!("agent {}: max-no-answer and delays", agent.name);
            let what = format!(
                "missed_offers of queue {} is what most of its agents have; make a queue of its own \
                 for others",
                self.name
            );
            remarks.lost(agent.line, subject, what);
        }
        let rest = |rest_s: u32| DraftMissed {
            rest_s: Some(rest_s).filter(|rest_s| *rest_s > 0),
            ..DraftMissed::default()
        };
        let in_a_row = Some(most.most_unanswered).filter(|most| *most > 0);
        let no_answer = DraftMissed {
            in_a_row,
            then: in_a_row.and_then(|_| self.no_answer_status(remarks)),
            ..rest(most.unanswered_s)
        };
        let ways = [
            ("no_answer", no_answer),
            ("busy", rest(most.busy_s)),
            ("rejected", rest(most.rejected_s)),
        ];
        if let Some(missed) = missed_offers(&ways) {
            draft.set("missed_offers", missed);
        }
    }

    /// What becomes of who did not answer often enough: on a break, if nothing is said.
    fn no_answer_status(&self, remarks: &mut Remarks) -> Option<&'static str> {
        let Some(given) = last(&self.given, "agent-no-answer-status") else {
            return Some("not_ready:on_break");
        };
        match given.value.to_ascii_lowercase().as_str() {
            "" | "on break" => Some("not_ready:on_break"),
            "logged out" => Some("sign_out"),
            "available" | "available (on demand)" => None,
            _ => {
                remarks.lost(given.line, given.subject(), "is no status of an agent");
                Some("not_ready:on_break")
            }
        }
    }
}

//! What a waiting call asks of an agent at one moment of its wait.

use crate::engine::centre::{AgentSettings, Level, QueueSettings};
use crate::engine::condition::{CallFacts, Condition};
use crate::engine::explanation::Exclusion;
use crate::engine::id::{AgentId, QueueId, SkillId};
use crate::engine::skill;
use crate::engine::wishes::AgentSet;
use std::collections::BTreeMap;

/// The terms on which a call waits in one queue. Calls with the same terms
/// wait in one line.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Terms {
    pub(crate) queue: QueueId,
    /// Which of the queue's steps; 0 is the time before the first.
    pub(crate) step: usize,
    /// These agents and nobody else; empty for anybody.
    pub(crate) only: AgentSet,
    /// None of these.
    pub(crate) without: AgentSet,
    /// What the step's condition asks of the call.
    pub(crate) facts: CallFacts,
}

impl Terms {
    /// What a queue asks for every call at first.
    pub(crate) fn plain(queue: QueueId) -> Self {
        Self {
            queue,
            step: 0,
            only: AgentSet::default(),
            without: AgentSet::default(),
            facts: CallFacts::new(),
        }
    }

    pub(crate) fn is_plain(&self) -> bool {
        self.step == 0 && self.only.is_empty() && self.without.is_empty() && self.facts.is_empty()
    }
}

/// What a queue asks at one step.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Asked<'a> {
    pub(crate) requires: &'a BTreeMap<SkillId, Level>,
    pub(crate) condition: Option<&'a Condition>,
    pub(crate) also: &'a [QueueId],
    pub(crate) max_level: Option<u8>,
}

impl QueueSettings {
    /// What is asked of agents at a step; beyond the last it is the last.
    pub(crate) fn asked(&self, step: usize) -> Asked<'_> {
        let step = step.min(self.steps.len());
        match step.checked_sub(1).and_then(|step| self.steps.get(step)) {
            None => Asked {
                requires: &self.requires,
                condition: self.condition.as_ref(),
                also: &[],
                max_level: self.max_level,
            },
            Some(step) => Asked {
                requires: &step.requires,
                condition: step.condition.as_ref(),
                also: &step.also,
                max_level: step.max_level,
            },
        }
    }
}

impl Asked<'_> {
    /// The level of the agent's seat, when they belong to the queue or to one
    /// that helps.
    pub(crate) fn level(&self, queue: &QueueId, agent: &AgentSettings) -> Option<u8> {
        let seats = std::iter::once(queue).chain(self.also);
        seats
            .filter_map(|queue| agent.seat(queue))
            .map(|seat| seat.level)
            .min()
    }

    /// What of the terms an agent with a seat of this level does not meet.
    pub(crate) fn lacking(
        &self,
        terms: &Terms,
        id: &AgentId,
        agent: &AgentSettings,
        level: u8,
    ) -> Option<Exclusion> {
        if terms.without.contains(id) {
            return Some(Exclusion::Forbidden);
        }
        if !terms.only.is_empty() && !terms.only.contains(id) {
            return Some(Exclusion::NotSought);
        }
        if !skill::meets(&agent.skills, self.requires) {
            return Some(Exclusion::Skill);
        }
        if self.max_level.is_some_and(|highest| level > highest) {
            return Some(Exclusion::Level);
        }
        let holds = |condition: &Condition| condition.holds_for(id, agent, &terms.facts);
        match self.condition.is_none_or(holds) {
            true => None,
            false => Some(Exclusion::Condition),
        }
    }
}

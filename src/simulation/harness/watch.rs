//! What is judged besides the facts: what the switches and the people at their far
//! ends saw, and how requests were answered.

use super::{Harness, Stop};
use crate::engine::command::Command;
use crate::engine::fact::Fact;
use crate::engine::id::LegId;
use crate::engine::time::Span;
use crate::simulation::violation::Violation;

/// A waiting leg is renewed well before this after the last disturbance.
const RENEWAL_SLACK: Span = Span::seconds(5);
/// Callers who are left alone this long after the last disturbance are so by our doing.
const COMPANY_SLACK: Span = Span::seconds(30);

impl Harness<'_> {
    /// What the switches themselves saw the controller do wrong.
    pub(super) fn judge_switches(&mut self) -> Result<(), Stop> {
        self.judge_promises()?;
        let unheard = self.switches.values().map(|switch| {
            let (injected, tally) = (switch.injected(), switch.tally());
            injected.lost_events + injected.lost_commands + tally.strayed
        });
        let unheard = unheard.sum();
        if std::mem::replace(&mut self.unheard, unheard) < unheard {
            self.disturbed = self.now;
        }
        self.judge_company()?;
        let calm_from = self.disturbed + self.scenario.centre.limits.dead_man + RENEWAL_SLACK;
        let is_there = self.controller.engine.is_some();
        let now = self.controller.now(self.now);
        for (id, switch) in &mut self.switches {
            if switch.take_rung_twice() {
                return Err(Violation::DeviceRungTwice { switch: id.clone() }.into());
            }
            for (channel, talked) in switch.take_fallen_back() {
                let leg = LegId {
                    switch: id.clone(),
                    channel,
                };
                if talked {
                    return Err(Violation::ConversationCut { leg }.into());
                }
                let Some(call) = self.ledger.call_on(&leg) else {
                    continue;
                };
                // One whose arrival was not told may be found when its time is up.
                let began = self.ledger.began(call).unwrap_or(now);
                let is_new = now.since(began) < RENEWAL_SLACK;
                let calm = is_there && self.now >= calm_from && !is_new;
                if !calm || switch.harmed().contains(&call) {
                    continue;
                }
                return Err(Violation::NotRenewed { call, leg }.into());
            }
        }
        Ok(())
    }

    /// What callers hear and say as a promise is durable by then.
    fn judge_promises(&mut self) -> Result<(), Stop> {
        let durable = &self.controller.durable.ledger;
        for (id, switch) in &mut self.switches {
            for channel in switch.take_promised() {
                let switch = id.clone();
                let leg = LegId { switch, channel };
                let call = durable.call_on(&leg);
                if call.is_some_and(|call| !durable.promises.has_promised(call)) {
                    return Err(Violation::PromiseNotKept { leg }.into());
                }
            }
            let mut messages = switch.take_messages().into_iter();
            let unknown = messages.find(|message| !durable.promises.has_asked(*message));
            if let Some(recording) = unknown {
                return Err(Violation::MessageNotKept { recording }.into());
            }
        }
        Ok(())
    }

    /// No caller is left alone in a call, unless something was made to fail.
    fn judge_company(&mut self) -> Result<(), Stop> {
        let calm = self.now >= self.disturbed + COMPANY_SLACK && self.controller.engine.is_some();
        for (id, switch) in &mut self.switches {
            for channel in switch.take_left_alone() {
                let switch_id = id.clone();
                let leg = LegId {
                    switch: switch_id,
                    channel,
                };
                let call = self.ledger.call_on(&leg);
                let harmed = call.is_some_and(|call| switch.harmed().contains(&call));
                if calm && !harmed {
                    return Err(Violation::LeftAlone { leg }.into());
                }
            }
        }
        Ok(())
    }
}

/// Each request is answered once, and one that is refused changes nothing.
pub(super) fn judge_answer(ask: &'static str, commands: &[Command]) -> Result<(), Violation> {
    let answers = commands.iter().filter_map(|command| match command {
        Command::Answer { outcome, .. } => Some(outcome.is_err()),
        _ => None,
    });
    let answers: Vec<bool> = answers.collect();
    let [refused] = answers.as_slice() else {
        let count = answers.len();
        return Err(Violation::AnsweredNotOnce { ask, count });
    };
    let changes = |command: &&Command| {
        !matches!(
            command,
            Command::Answer { .. } | Command::Note(Fact::Asked { .. } | Fact::QueueLearnt { .. })
        )
    };
    match commands.iter().find(changes).filter(|_| *refused) {
        Some(command) => Err(Violation::RefusedAndDone {
            ask,
            what: format!("{command:?}"),
        }),
        None => Ok(()),
    }
}

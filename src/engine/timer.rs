//! Every deadline of the engine, in one table, each with its reason.

use crate::engine::id::{AgentId, CallId, CommandId, LegId, OfferId, QueueId, SwitchId};
use crate::engine::time::Timestamp;
use std::collections::{BTreeMap, BTreeSet};

/// What a deadline is for. A reason has at most one deadline at a time.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reason {
    /// The menu's caller has not pressed a key.
    KeyAwaited(CallId),
    /// The device should have answered, failed or given up by now.
    OfferOverdue(OfferId),
    /// One more agent is to be rung for the call by the queue.
    ProgressDue(CallId, QueueId),
    /// The call's next step in the queue begins.
    StepDue(CallId, QueueId),
    /// The call will have waited too long in the queue.
    OverflowDue(CallId, QueueId),
    /// The call has waited long enough for one agent alone.
    SearchEnds(CallId, QueueId),
    /// Who answered has not pressed the key that confirms it.
    ConfirmationEnds(LegId),
    /// Agent and caller are connected, whatever they still hear.
    BriefingEnds(CallId),
    /// The waiting caller is told something.
    AnnouncementDue(CallId),
    WrapUpEnds(AgentId),
    /// The pause after a missed offer is over.
    RestEnds(AgentId),
    /// The dead-man's timer in the switch wants renewal.
    GuardRenewal(LegId),
    /// The switch may not know any more where the caller stands and what to play.
    Resumption(CallId),
    /// No answer to the command so far: it is lost.
    CommandOverdue(CommandId),
    /// The two sides came apart and nobody hung up.
    ApartOverdue(CallId),
    /// A leg we asked the switch to end is still reported by nobody.
    HangUpOverdue(LegId),
    /// The switch was asked to answer, and nobody told that it has.
    AnswerOverdue(CallId),
    /// No prompt lasts so long.
    PromptOverdue(CallId),
    /// The conversation is over, and the end of its recording was not told.
    RecordingOverdue(CommandId),
    /// Engine and switch are to be compared.
    AuditDue(SwitchId),
    /// One who was rung should have answered, or be connected, by now.
    PartyOverdue(LegId),
    /// The device that is rung for a standing leg should have answered by now.
    LineOverdue(LegId),
    /// The tone on a standing leg should have ended by now.
    ToneOverdue(LegId),
    /// Nobody has taken up the parked call.
    ParkingEnds(CallId),
    /// The waiting caller is told that they can be called back.
    CallbackOfferDue(CallId),
    /// The caller who is asked for a number to be called back at pressed no key.
    CallbackKeyAwaited(CallId),
    /// The callback's time has come, or that of its next attempt.
    CallbackDue(CallId),
    /// The callback was kept long enough.
    CallbackExpires(CallId),
    /// No message that a caller leaves lasts so long.
    MessageOverdue(CallId),
    /// Who still rings when the controller leaves is called off.
    DrainEnds,
}

#[derive(Debug, Default)]
pub struct Timers {
    by_reason: BTreeMap<Reason, Timestamp>,
    by_time: BTreeSet<(Timestamp, Reason)>,
}

impl Timers {
    /// Sets the deadline for `reason`, in place of an earlier one.
    pub fn set(&mut self, reason: Reason, at: Timestamp) {
        self.clear(&reason);
        self.by_time.insert((at, reason.clone()));
        self.by_reason.insert(reason, at);
    }

    pub fn clear(&mut self, reason: &Reason) {
        if let Some(at) = self.by_reason.remove(reason) {
            self.by_time.remove(&(at, reason.clone()));
        }
    }

    pub fn get(&self, reason: &Reason) -> Option<Timestamp> {
        self.by_reason.get(reason).copied()
    }

    pub fn next(&self) -> Option<&(Timestamp, Reason)> {
        self.by_time.first()
    }

    /// Removes and gives the earliest deadline that is not after `now`.
    pub fn take_due(&mut self, now: Timestamp) -> Option<Reason> {
        if self.by_time.first()?.0 > now {
            return None;
        }
        let (_, reason) = self.by_time.pop_first()?;
        self.by_reason.remove(&reason);
        Some(reason)
    }

    pub fn reasons(&self) -> impl Iterator<Item = &Reason> {
        self.by_reason.keys()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_has_one_deadline_and_leaves_in_order_of_time() {
        let mut timers = Timers::default();
        let (a, b) = (
            Reason::CommandOverdue(CommandId(1)),
            Reason::CommandOverdue(CommandId(2)),
        );
        timers.set(a.clone(), Timestamp::from_millis(10));
        timers.set(b.clone(), Timestamp::from_millis(20));
        timers.set(a.clone(), Timestamp::from_millis(30));
        assert_eq!(timers.take_due(Timestamp::from_millis(19)), None);
        assert_eq!(timers.take_due(Timestamp::from_millis(40)), Some(b));
        assert_eq!(timers.take_due(Timestamp::from_millis(40)), Some(a));
        assert!(timers.next().is_none());
    }
}

//! Now and then engine and switch are compared. A list is taken between
//! events, so what it shows may be about to be told, or have been told already:
//! only what two lists in a row show is drift. That is repaired and counted.

use crate::engine::Engine;
use crate::engine::command::Commands;
use crate::engine::fact::{DriftKind, Fact};
use crate::engine::id::{LegId, SwitchId};
use crate::engine::leg::LegState;
use crate::engine::reconcile::{Found, Stock, stock};
use crate::engine::time::Span;
use crate::engine::timer::Reason;
use crate::switch::{ChannelState, Snapshot, SwitchCommand};

/// Until the second list that must show the same.
const LOOK_AGAIN: Span = Span::seconds(2);

/// What an audit may find of one leg.
pub(super) type Suspicion = (LegId, DriftKind);

impl Engine {
    /// Sets the time of a switch's next audit, unless there is none to be.
    fn plan_audit(&mut self, switch: &SwitchId) {
        let every = self.limits().audit_every;
        if every > Span::ZERO {
            let at = self.now + self.jittered(every);
            self.timers.set(Reason::AuditDue(switch.clone()), at);
        }
    }

    /// The same, in a moment.
    pub(super) fn audit_soon(&mut self, switch: &SwitchId) {
        if self.limits().audit_every > Span::ZERO {
            let at = self.now + LOOK_AGAIN;
            self.timers.set(Reason::AuditDue(switch.clone()), at);
        }
    }

    pub(super) fn audit_due(&mut self, switch: &SwitchId, out: &mut Commands) {
        let configured = self
            .centre
            .as_ref()
            .is_some_and(|centre| centre.switches.contains(switch));
        // A link that comes up plans its audits anew.
        if configured && self.links.get(switch) == Some(&true) {
            self.ask(switch, SwitchCommand::List, out);
            self.plan_audit(switch);
        }
    }

    /// Compares a list with what is believed.
    pub(super) fn audit(&mut self, switch: SwitchId, snapshot: Snapshot, out: &mut Commands) {
        if self.links.get(&switch) != Some(&true) {
            return;
        }
        let lags = snapshot.lags;
        let mut stock = stock(&switch, snapshot);
        self.strangers
            .retain(|leg| leg.switch != switch || stock.contains_key(leg));
        let first_look = self.suspects.remove(&switch);
        let is_second = first_look.is_some();
        let before = first_look.unwrap_or_default();
        let (drift, suspects): (Vec<_>, Vec<_>) = self
            .differences(&switch, &stock)
            .into_iter()
            .partition(|suspicion| before.contains(suspicion));
        // There is always something on its way: what a second look shows first
        // waits for the next audit.
        if !suspects.is_empty() && !is_second {
            self.audit_soon(&switch);
            self.suspects
                .insert(switch.clone(), suspects.into_iter().collect());
        }
        if lags {
            let channels = drift.iter().map(|(leg, _)| leg.channel.clone()).collect();
            self.doubted.extend(drift.into_iter().map(|(leg, _)| leg));
            self.examine(&switch, channels, out);
            return;
        }
        let mut unknown = Vec::new();
        for (leg, kind) in drift {
            self.note_drift(&leg, kind, out);
            match (self.call_of(&leg), stock.remove(&leg)) {
                (None, Some(found)) if self.standing.contains_key(&leg) => {
                    self.confirm_line(&leg, &found, out);
                }
                (_, None) => self.not_there(&leg, out),
                (Some(call), Some(found)) => self.looked_at(call, &leg, &found, out),
                (None, Some(found)) => unknown.extend(found.live),
            }
        }
        self.adopt(&switch, unknown, out);
    }

    pub(super) fn note_drift(&self, leg: &LegId, kind: DriftKind, out: &mut Commands) {
        out.note(Fact::Drift {
            switch: leg.switch.clone(),
            kind,
            call: self.call_of(leg),
            leg: Some(leg.clone()),
        });
    }

    /// What the list and the engine say differently; ends of callers first.
    fn differences(&self, switch: &SwitchId, stock: &Stock) -> Vec<Suspicion> {
        let missing = self.missing(switch, stock);
        let missing = missing.into_iter().filter(|leg| !self.is_being_made(leg));
        let missing = missing.map(|leg| (leg, DriftKind::End));
        let shown = stock
            .iter()
            .filter(|(leg, _)| !self.strangers.contains(leg));
        let shown =
            shown.filter_map(|(leg, found)| Some((leg.clone(), self.difference(leg, found)?)));
        missing.chain(shown).collect()
    }

    /// What of a live leg the engine has missed.
    pub(super) fn difference(&self, leg: &LegId, shown: &Found) -> Option<DriftKind> {
        if self.closing.contains_key(leg) {
            // Its own deadline looks after it.
            return None;
        }
        let Some(call) = self.call_of(leg) else {
            if self.standing.contains_key(leg) {
                let kind = match shown.peer {
                    Some(_) => DriftKind::Bridge,
                    None => DriftKind::Answer,
                };
                return self.is_odd_line(leg, shown).then_some(kind);
            }
            return Some(DriftKind::Arrival);
        };
        let call = self.calls.get(&call).filter(|call| call.ending.is_none())?;
        if call.is_composed() {
            return call.difference(self.call_of(leg)?, leg, shown);
        }
        let connected = call.is_connected();
        let own = call.leg(leg)?;
        match &shown.peer {
            Some(peer) => {
                let together = call.is_offered() && call.leg(peer).is_some();
                let knows = connected && call.is_together();
                (together && !knows).then_some(DriftKind::Bridge)
            }
            None if connected => call.is_together().then_some(DriftKind::Parting),
            None => {
                let missed =
                    shown.state == ChannelState::Answered && own.state == LegState::Ringing;
                missed.then_some(DriftKind::Answer)
            }
        }
    }
}

//! Confirmation by key: whoever answers a device at which a mailbox may pick up,
//! a mobile telephone for example, is asked to press a key before they count as
//! the agent. Meanwhile the caller keeps the place and hears music.

use crate::engine::Engine;
use crate::engine::call::Call;
use crate::engine::cause::Cause;
use crate::engine::command::Commands;
use crate::engine::fact::{Fact, OfferOutcome};
use crate::engine::id::{AgentId, CallId, LegId};
use crate::engine::offer::SETTLING;
use crate::engine::order::Purpose;
use crate::engine::ringing::RungDevice;
use crate::engine::say;
use crate::engine::time::Span;
use crate::engine::timer::Reason;
use crate::switch::{Key, SwitchCommand};

/// How long the key is awaited, from the answer on.
pub(super) const CONFIRMING: Span = Span::seconds(15);
/// The key that confirms.
const CONFIRMS: char = '1';

impl Call {
    /// Whether this device was answered and its key is awaited.
    pub(crate) fn is_confirming(&self, leg: &LegId) -> bool {
        if self.caller.id == *leg {
            return self.is_dialler_confirming();
        }
        let mut ringing = self.ringing.iter();
        let device = ringing.find_map(|ringing| ringing.device(leg));
        let device = device.or_else(|| self.device(leg));
        device.is_some_and(RungDevice::is_confirming)
    }

    /// The legs that were answered and whose keys are awaited.
    pub(crate) fn confirming(&self) -> impl Iterator<Item = &LegId> {
        let devices = self.ringing.iter().flat_map(|ringing| &ringing.devices);
        let devices = devices.chain(&self.devices);
        let devices = devices.filter(|device| device.is_confirming());
        let own = self.is_dialler_confirming().then_some(&self.caller.id);
        devices.map(|device| &device.leg.id).chain(own)
    }

    /// The agent whose device is rung on this leg, for an offer or to dial.
    fn rung_on(&self, leg: &LegId) -> Option<&AgentId> {
        let mut ringing = self.ringing.iter();
        let offered = ringing.find(|ringing| ringing.device(leg).is_some());
        let dials = self.dialler.as_ref().filter(|_| self.is_dialled_from(leg));
        let offered = offered.map(|ringing| &ringing.agent);
        offered.or(dials.map(|dialler| &dialler.agent))
    }
}

impl RungDevice {
    pub(crate) fn is_confirming(&self) -> bool {
        self.confirm && self.leg.is_answered()
    }
}

impl Engine {
    /// Asks who answered for the key, where that is wanted. Says whether it is.
    pub(super) fn ask_to_confirm(&mut self, call: CallId, leg: &LegId, out: &mut Commands) -> bool {
        let known = self.calls.get(&call);
        let Some(known) = known.filter(|known| known.is_confirming(leg)) else {
            return false;
        };
        let agent = known.rung_on(leg).and_then(|agent| self.agents.get(agent));
        let language = agent
            .map(|agent| agent.settings.language)
            .unwrap_or_default();
        let prompt = SwitchCommand::Play {
            channel: leg.channel.clone(),
            prompts: say::confirm(),
            language,
        };
        self.order(call, &leg.switch, prompt, Purpose::Comfort, out);
        self.expect_confirmation(call, leg);
        true
    }

    /// Sets the deadline of a key.
    pub(super) fn expect_confirmation(&mut self, call: CallId, leg: &LegId) {
        let ends = self.now + CONFIRMING;
        self.timers.set(Reason::ConfirmationEnds(leg.clone()), ends);
        let known = self.calls.get_mut(&call);
        if let Some(offer) = known.and_then(|known| known.ringing_on(leg)).map(|r| r.id) {
            let overdue = Reason::OfferOverdue(offer);
            let before = self.timers.get(&overdue).unwrap_or(ends);
            self.timers.set(overdue, before.max(ends + SETTLING));
        } else {
            self.dialling_waits(call, ends);
        }
    }

    /// A key was pressed on a device that is to be confirmed.
    pub(super) fn confirmed_by(&mut self, call: CallId, leg: &LegId, key: Key, out: &mut Commands) {
        if char::from(key) != CONFIRMS {
            return self.not_confirmed(leg, out);
        }
        self.timers.clear(&Reason::ConfirmationEnds(leg.clone()));
        let Some(known) = self.calls.get(&call) else {
            return;
        };
        let Some(agent) = known.rung_on(leg).cloned() else {
            return;
        };
        let dials = known.is_dialled_from(leg);
        out.note(Fact::Confirmed {
            call,
            agent,
            leg: leg.clone(),
        });
        match dials {
            true => self.dials_from(call, leg, out),
            false => self.answer_counts(call, leg, out),
        }
    }

    /// No key, or a wrong one: nobody has answered.
    pub(super) fn not_confirmed(&mut self, leg: &LegId, out: &mut Commands) {
        self.timers.clear(&Reason::ConfirmationEnds(leg.clone()));
        let Some(call) = self.call_of(leg) else {
            return;
        };
        let Some(known) = self.calls.get_mut(&call) else {
            return;
        };
        if known.is_dialled_from(leg) {
            return self.drop_dialling(call, leg, Cause::NoAnswer, out);
        }
        let Some(ringing) = known.ringing_on(leg) else {
            return;
        };
        if let [_] = ringing.devices.as_slice() {
            let offer = ringing.id;
            return self.give_up_offer(offer, OfferOutcome::NoAnswer, out);
        }
        let agent = ringing.agent.clone();
        let own = |device: &mut RungDevice| device.leg.id == *leg;
        let own = ringing.devices.extract_if(.., own).collect();
        self.close_devices(call, &agent, own, Cause::OriginatorCancel, out);
    }
}

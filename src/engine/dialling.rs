//! The devices of an agent who dials. All of them are rung; the first to be
//! answered, and confirmed where a mailbox may pick up, is the one they dial
//! from. One of them is the call's own leg all the time, the others ring beside
//! it and take its place when it ends or when they are answered.

use crate::engine::Engine;
use crate::engine::call::Call;
use crate::engine::cause::Cause;
use crate::engine::centre::Device;
use crate::engine::command::Commands;
use crate::engine::fact::Fact;
use crate::engine::id::{AgentId, CallId, LegId};
use crate::engine::leg::{LegRole, LegState};
use crate::engine::offer::SETTLING;
use crate::engine::ringing::RungDevice;
use crate::engine::time::Timestamp;
use crate::engine::timer::Reason;

impl Call {
    /// Whether an agent who dials is rung on this leg, or dials from it.
    pub(crate) fn is_dialled_from(&self, leg: &LegId) -> bool {
        self.dialler.is_some() && (self.caller.id == *leg || self.device(leg).is_some())
    }

    /// One of the devices that ring beside the call's own leg.
    pub(crate) fn device(&self, leg: &LegId) -> Option<&RungDevice> {
        self.devices.iter().find(|device| device.leg.id == *leg)
    }

    /// Whether somebody answered the call's own leg who may be a mailbox.
    pub(crate) fn is_dialler_confirming(&self) -> bool {
        let dialler = self.dialler.as_ref();
        dialler.is_some_and(|dialler| dialler.confirm) && self.caller.is_answered()
    }

    /// Whether the agent who dials is still being rung.
    pub(crate) fn rings_dialler(&self) -> bool {
        let rung = self.caller.state == LegState::Ringing || self.is_dialler_confirming();
        self.dialler.is_some() && rung
    }
}

impl Engine {
    /// One more device of the agent who dials rings.
    pub(super) fn device_beside(
        &mut self,
        call: CallId,
        agent: &AgentId,
        leg: LegId,
        device: &Device,
        out: &mut Commands,
    ) {
        let (extension, number) = device.address();
        self.legs.insert(leg.clone(), call);
        out.note(Fact::LegStarted {
            call,
            leg: leg.clone(),
            role: LegRole::Agent,
            agent: Some(agent.clone()),
            extension,
            number,
            confirm: device.confirm,
        });
        if let Some(known) = self.calls.get_mut(&call) {
            known.devices.push(RungDevice::ringing(leg, device.confirm));
        }
    }

    /// A device of the agent who dials was answered.
    pub(super) fn dialling_answered(&mut self, call: CallId, leg: &LegId, out: &mut Commands) {
        if !self.ask_to_confirm(call, leg, out) {
            self.dials_from(call, leg, out);
        }
    }

    /// The agent is there, on this device: the others ring no more, and the
    /// number is rung.
    pub(super) fn dials_from(&mut self, call: CallId, leg: &LegId, out: &mut Commands) {
        self.timers.clear(&Reason::ConfirmationEnds(leg.clone()));
        self.put_first(call, leg, out);
        if let Some(dialler) = self.calls.get_mut(&call).and_then(|c| c.dialler.as_mut()) {
            dialler.confirm = false;
        }
        self.close_beside(call, Cause::AnsweredElsewhere, out);
        self.dialler_answered(call, out);
    }

    /// The devices beside the call's own leg are rung no more.
    pub(super) fn close_beside(&mut self, call: CallId, cause: Cause, out: &mut Commands) {
        let Some(known) = self.calls.get_mut(&call) else {
            return;
        };
        let agent = known.dialler.as_ref().map(|dialler| dialler.agent.clone());
        let devices = std::mem::take(&mut known.devices);
        if let Some(agent) = agent {
            self.close_devices(call, &agent, devices, cause, out);
        }
    }

    /// Makes this device the call's own leg; what was it so far rings beside it.
    fn put_first(&mut self, call: CallId, leg: &LegId, out: &mut Commands) {
        let Some(known) = self.calls.get_mut(&call) else {
            return;
        };
        let nth = known.devices.iter().position(|own| own.leg.id == *leg);
        let (Some(nth), Some(dialler)) = (nth, known.dialler.as_mut()) else {
            return;
        };
        let RungDevice { leg: own, confirm } = known.devices.remove(nth);
        let before = RungDevice {
            leg: std::mem::replace(&mut known.caller, own),
            confirm: std::mem::replace(&mut dialler.confirm, confirm),
        };
        let overdue = Reason::PartyOverdue(before.leg.id.clone());
        if let Some(due) = self.timers.get(&overdue) {
            self.timers.set(Reason::PartyOverdue(leg.clone()), due);
        }
        self.timers.clear(&overdue);
        if self.legs.contains_key(&before.leg.id) {
            known.devices.push(before);
        }
        let leg = leg.clone();
        out.note(Fact::DialsOn { call, leg });
    }

    /// One of several devices of the agent who dials has ended. A refusal on one
    /// is the agent's.
    pub(super) fn dialling_device_gone(
        &mut self,
        call: CallId,
        leg: &LegId,
        cause: Cause,
        out: &mut Commands,
    ) {
        self.timers.clear(&Reason::ConfirmationEnds(leg.clone()));
        let Some(known) = self.calls.get_mut(&call) else {
            return;
        };
        let refused = cause == Cause::Rejected && !known.is_confirming(leg);
        known.devices.retain(|device| device.leg.id != *leg);
        let next = known.devices.first().map(|device| device.leg.id.clone());
        let next = next.filter(|_| known.caller.id == *leg);
        if let Some(next) = next {
            self.put_first(call, &next, out);
        }
        if refused {
            self.end_call(call, Cause::Rejected, out);
        }
    }

    /// A device of the agent who dials is not to ring any more: it could not be
    /// rung, or who answered did not confirm it.
    pub(super) fn drop_dialling(
        &mut self,
        call: CallId,
        leg: &LegId,
        cause: Cause,
        out: &mut Commands,
    ) {
        let Some(known) = self.calls.get_mut(&call) else {
            return;
        };
        let mut devices = known.devices.iter().map(|device| &device.leg.id);
        let next = devices.find(|next| *next != leg).cloned();
        let own = known.caller.id == *leg;
        match next {
            None if own => return self.end_call(call, cause, out),
            Some(next) if own => self.put_first(call, &next, out),
            _ => {}
        }
        let Some(known) = self.calls.get_mut(&call) else {
            return;
        };
        let Some(agent) = known.dialler.as_ref().map(|dialler| dialler.agent.clone()) else {
            return;
        };
        let dropped = |device: &mut RungDevice| device.leg.id == *leg;
        let dropped = known.devices.extract_if(.., dropped).collect();
        self.close_devices(call, &agent, dropped, Cause::OriginatorCancel, out);
    }

    /// The agent has time to press the key.
    pub(super) fn dialling_waits(&mut self, call: CallId, until: Timestamp) {
        let known = self.calls.get(&call).filter(|call| call.dialler.is_some());
        let Some(known) = known else { return };
        let overdue = Reason::PartyOverdue(known.caller.id.clone());
        let before = self.timers.get(&overdue).unwrap_or(until);
        self.timers.set(overdue, before.max(until + SETTLING));
    }
}

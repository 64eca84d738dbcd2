//! Parking: the caller waits in a numbered slot, with music, until somebody
//! takes them up, or goes back to the agent who parked.

use crate::engine::Engine;
use crate::engine::call::{CallState, Parking};
use crate::engine::command::Commands;
use crate::engine::fact::Fact;
use crate::engine::id::{AgentId, CallId};
use crate::engine::party::{PartyRole, Talk};
use crate::engine::request::{Invitee, Refusal};
use crate::engine::timer::Reason;
use std::collections::BTreeSet;

impl Engine {
    pub(super) fn park(&mut self, call: CallId, out: &mut Commands) -> Result<(), Refusal> {
        let known = self.calls.get(&call).ok_or(Refusal::NotOnACall)?;
        let free = known.parties.iter().all(|party| party.is_supervisor());
        if !matches!(known.talk, Talk::Together | Talk::Held) || !free {
            return Err(Refusal::WrongMoment);
        }
        let slot = self.free_slot().ok_or(Refusal::NoSlotFree)?;
        let until = self.now + self.in_call().parking;
        let Some(by) = self.leave_to_us(call, CallState::Parked, out) else {
            return Err(Refusal::NotOnACall);
        };
        let parking = Parking { slot, by, until };
        if let Some(known) = self.calls.get_mut(&call) {
            known.parking = Some(parking.clone());
        }
        out.note(Fact::Parked { call, parking });
        self.timers.set(Reason::ParkingEnds(call), until);
        self.keep_caller(call, out);
        Ok(())
    }

    fn free_slot(&self) -> Option<u16> {
        let parked = self.calls.values().filter_map(|call| call.parking.as_ref());
        let taken: BTreeSet<u16> = parked.map(|parking| parking.slot).collect();
        let (first, last) = self.in_call().slots;
        (first..=last).find(|slot| !taken.contains(slot))
    }

    /// The agent's device is rung, and the parked caller goes to it.
    pub(super) fn retrieve(
        &mut self,
        agent: &AgentId,
        slot: u16,
        out: &mut Commands,
    ) -> Result<(), Refusal> {
        let mut parked = self.calls.iter().filter_map(|(call, known)| {
            let parking = known.parking.as_ref().filter(|p| p.slot == slot)?;
            known
                .ending
                .is_none()
                .then(|| (*call, known.caller.id.clone(), parking.by.clone()))
        });
        let (call, caller, by) = parked.next().ok_or(Refusal::SlotEmpty)?;
        self.can_invite(agent, &caller)?;
        self.unpark(call, out);
        let back = Some(by).filter(|by| by != agent);
        let role = PartyRole::Target { back };
        self.ring_party(call, Invitee::Agent(agent.clone()), role, out);
        Ok(())
    }

    fn unpark(&mut self, call: CallId, out: &mut Commands) {
        self.timers.clear(&Reason::ParkingEnds(call));
        if let Some(known) = self.calls.get_mut(&call) {
            known.parking = None;
        }
        self.move_call(call, CallState::Transferring, out);
    }

    /// Nobody has taken up the caller in time.
    pub(super) fn parking_ended(&mut self, call: CallId, out: &mut Commands) {
        let known = self.calls.get(&call).filter(|call| call.ending.is_none());
        let Some(parking) = known.and_then(|call| call.parking.clone()) else {
            return;
        };
        self.unpark(call, out);
        self.transfer_failed(call, Some(parking.by), out);
    }
}

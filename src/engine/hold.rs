//! Hold: the caller hears music, and the agent nothing, until it is taken back.

use crate::engine::Engine;
use crate::engine::command::Commands;
use crate::engine::id::CallId;
use crate::engine::party::Talk;
use crate::engine::request::Refusal;

impl Engine {
    pub(super) fn hold(&mut self, call: CallId, out: &mut Commands) -> Result<(), Refusal> {
        let known = self.calls.get(&call).ok_or(Refusal::NotOnACall)?;
        match known.talk {
            Talk::Held => return Ok(()),
            Talk::Together if known.parties.iter().all(|p| p.is_supervisor()) => {}
            _ => return Err(Refusal::WrongMoment),
        }
        self.take_caller(call, out);
        self.set_talk(call, Talk::Held, out);
        self.keep_caller(call, out);
        Ok(())
    }

    pub(super) fn take_off_hold(
        &mut self,
        call: CallId,
        out: &mut Commands,
    ) -> Result<(), Refusal> {
        let known = self.calls.get(&call).ok_or(Refusal::NotOnACall)?;
        if known.talk != Talk::Held {
            return Err(Refusal::NotOnHold);
        }
        self.rejoin(call, out);
        Ok(())
    }
}

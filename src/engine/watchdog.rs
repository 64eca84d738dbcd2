//! No call and no agent stays in a passing state: each such state has a
//! deadline, and when that passes, what is stuck is freed and the reason noted.
//!
//! | state | deadline | set by |
//! |---|---|---|
//! | being answered | `AnswerOverdue` | the flow's *answer* |
//! | a prompt plays | `PromptOverdue` | [`Engine::play`] |
//! | a key is awaited | `KeyAwaited` | the flow's menu |
//! | an agent is rung, or being connected | `OfferOverdue` | the offer |
//! | caller and agent are apart | `ApartOverdue` | their parting |
//! | somebody beside them is rung, or being connected | `PartyOverdue` | the order to ring |
//! | a standing leg is rung | `LineOverdue` | the order to ring |
//! | a tone sounds on a standing leg | `ToneOverdue` | the order to play it |
//! | parked | `ParkingEnds` | the parking |
//! | a message is recorded | `MessageOverdue` | the order to record it |
//! | a leg or call is being ended | `HangUpOverdue` | the order to end it |
//! | wrap-up, rest | `WrapUpEnds`, `RestEnds` | the end of the conversation or offer |
//! | a recording is to be told of | `RecordingOverdue` | the end of the conversation |
//! | a command is under way | `CommandOverdue` | the order |
//!
//! A call that has arrived is decided about in the same step.

use crate::engine::Engine;
use crate::engine::call::Call;
use crate::engine::cause::Cause;
use crate::engine::command::Commands;
use crate::engine::fact::{Fact, OfferOutcome, Stuck};
use crate::engine::id::{CallId, CommandId, LegId, OfferId, SwitchId};
use crate::engine::order::Purpose;
use crate::engine::party::Talk;
use crate::engine::text::OutsideText;
use crate::engine::time::Span;
use crate::engine::timer::Reason;
use crate::switch::{Failure, SwitchCommand};

/// Until an answer that was accepted must have happened. Longer than an audit
/// and its second look take, which may find it.
pub(super) const ANSWERING: Span = Span::seconds(75);

/// From the end of a conversation until the end of its recording must be told.
pub(super) const RECORDING: Span = Span::seconds(30);

/// Orders to end a leg that are given after the first, before it counts as gone:
/// one may find it answered instead of ringing, and one may be lost.
const INSISTING: u32 = 2;

impl Engine {
    pub(super) fn stuck(&mut self, stuck: Stuck, call: Option<CallId>, out: &mut Commands) {
        let call_known = call.and_then(|call| self.calls.get(&call));
        let offer = call_known.and_then(|call| call.offer.as_ref());
        let agent = offer.map(|offer| offer.agent.clone());
        out.note(Fact::Overdue { stuck, call, agent });
    }

    pub(super) fn answer_overdue(&mut self, call: CallId, out: &mut Commands) {
        self.stuck(Stuck::Answering, Some(call), out);
        self.end_call(call, Cause::NetworkFailure, out);
    }

    pub(super) fn prompt_overdue(&mut self, call: CallId, out: &mut Commands) {
        let playing = self.calls.get(&call).and_then(|call| call.playback);
        if let Some(playback) = playing {
            self.stuck(Stuck::Prompt, Some(call), out);
            self.playback_ended(playback, None, out);
        }
    }

    /// Neither an answer nor an end of the agent's leg, or no bridge, was
    /// reported in time.
    pub(super) fn offer_overdue(&mut self, offer: OfferId, out: &mut Commands) {
        let call = self.offers.get(&offer).copied();
        let known = call.and_then(|call| self.calls.get(&call));
        let open = |call: &Call| {
            let mut open = call.open_offers();
            open.find(|(id, _)| *id == offer)
                .map(|(_, agent)| agent.clone())
        };
        let agent = known.and_then(open);
        let stuck = match known.is_some_and(|call| call.offer.is_some()) {
            true => Stuck::Connecting,
            false => Stuck::Offered,
        };
        out.note(Fact::Overdue { stuck, call, agent });
        self.give_up_offer(offer, OfferOutcome::NoAnswer, out);
    }

    /// The two came apart and neither's end was told: their switch is asked who is
    /// still there. While it is out of reach its next list tells.
    pub(super) fn still_apart(&mut self, call: CallId, out: &mut Commands) {
        let again = self.now + self.limits().command_deadline;
        let Some(known) = self.calls.get_mut(&call) else {
            return;
        };
        let switch = known.caller.id.switch.clone();
        if self.links.get(&switch) != Some(&true) {
            return self.timers.set(Reason::ApartOverdue(call), again);
        }
        if !std::mem::replace(&mut known.sought, true) {
            let agent = known.offer.as_ref().map(|offer| &offer.leg.id);
            let target = known.target().map(|target| &target.leg.id);
            let legs = [Some(&known.caller.id), agent, target]
                .into_iter()
                .flatten();
            let legs: Vec<LegId> = legs.cloned().collect();
            let channels = legs.iter().map(|leg| leg.channel.clone()).collect();
            self.doubted.extend(legs);
            self.timers.set(Reason::ApartOverdue(call), again);
            self.examine(&switch, channels, out);
            return;
        }
        if known.talk == Talk::Conference && known.is_together() {
            return self.server_lost(call, out);
        }
        self.stuck(Stuck::Apart, Some(call), out);
        self.end_call(call, Cause::NetworkFailure, out);
    }

    /// Counts another order to end a leg; false when `most` were given already.
    pub(super) fn insist(&mut self, leg: &LegId, most: u32) -> bool {
        let given = self.insisted.entry(leg.clone()).or_default();
        let may = *given < most;
        *given += u32::from(may);
        may
    }

    /// The switch never told of the end of a leg we asked it to end: it is asked
    /// again, for the order may be lost, and in the end the leg counts as gone.
    /// While the switch is out of reach nothing can be told.
    pub(super) fn hang_up_overdue(&mut self, leg: LegId, out: &mut Commands) {
        if self.links.get(&leg.switch) != Some(&true) {
            let again = self.now + self.limits().command_deadline;
            return self.timers.set(Reason::HangUpOverdue(leg), again);
        }
        let closing = self.closing.get(&leg).map(|closing| closing.call);
        if let Some(call) = closing.or_else(|| self.call_of(&leg))
            && self.insist(&leg, INSISTING)
        {
            return self.end_leg(call, &leg, Cause::NormalClearing, true, out);
        }
        let closing = self.closing.get(&leg);
        let (call, agent) = match closing {
            Some(closing) => (Some(closing.call), closing.agent.clone()),
            None => (self.call_of(&leg), None),
        };
        out.note(Fact::Overdue {
            stuck: Stuck::Closing,
            call,
            agent,
        });
        self.hung_up(&leg, Cause::NetworkFailure, out);
    }

    /// Looks for a recording whose end was not told; where that has come to
    /// nothing too, it is lost.
    pub(super) fn recording_overdue(&mut self, recording: CommandId, out: &mut Commands) {
        let Some(known) = self.recordings.get_mut(&recording) else {
            return;
        };
        let (call, switch) = (known.call, known.switch.clone());
        if self.links.get(&switch) != Some(&true) {
            let again = Reason::RecordingOverdue(recording);
            return self.timers.set(again, self.now + RECORDING);
        }
        if std::mem::replace(&mut known.sought, true) {
            let why = "the switch told neither its end nor where it is";
            return self.recording_lost(recording, OutsideText::new(why), out);
        }
        self.stuck(Stuck::Recording, Some(call), out);
        self.seek_recording(call, &switch, recording, out);
    }

    fn seek_recording(
        &mut self,
        call: CallId,
        switch: &SwitchId,
        recording: CommandId,
        out: &mut Commands,
    ) {
        let again = Reason::RecordingOverdue(recording);
        self.timers.set(again, self.now + RECORDING);
        let command = SwitchCommand::FindRecording { recording };
        self.order(
            call,
            switch,
            command,
            Purpose::FindRecording(recording),
            out,
        );
    }

    /// The switch could not look for a recording: out of reach, it is asked
    /// again later; otherwise there is none.
    pub(super) fn recording_not_found(
        &mut self,
        recording: CommandId,
        failure: Option<Failure>,
        why: OutsideText,
        out: &mut Commands,
    ) {
        match (failure, self.recordings.get_mut(&recording)) {
            (None | Some(Failure::LinkDown | Failure::Overloaded), Some(known)) => {
                known.sought = false;
            }
            _ => self.recording_lost(recording, why, out),
        }
    }
}

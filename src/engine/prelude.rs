//! What is heard between an agent's answer and the bridge: the agent hears whose
//! call it is and how long the caller waited, the caller hears the agent's
//! number, both at the same time. A key of the agent's ends it at once.

use crate::engine::Engine;
use crate::engine::call::{Call, Offer, Visit};
use crate::engine::command::Commands;
use crate::engine::fact::{Fact, OfferOutcome};
use crate::engine::id::{CallId, CommandId, LegId, PromptId};
use crate::engine::leg::LegState;
use crate::engine::offer::SETTLING;
use crate::engine::order::Purpose;
use crate::engine::say;
use crate::engine::text::OutsideText;
use crate::engine::time::Span;
use crate::engine::timer::Reason;
use crate::switch::{Language, SwitchCommand};
use std::collections::BTreeSet;

/// Nobody is kept from the other longer than this, or [`max_prompt`].
///
/// [`max_prompt`]: crate::engine::centre::Limits::max_prompt
const LONGEST: Span = Span::seconds(30);

/// What is heard before the bridge of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Briefing {
    /// What has not come to its end; never empty.
    pub(crate) playing: BTreeSet<CommandId>,
    /// The caller hears something, in place of the music.
    told: bool,
}

impl Engine {
    /// The agent answered: the two are connected when each has heard what there
    /// is to hear.
    pub(super) fn brief(&mut self, call: CallId, out: &mut Commands) {
        let heard = self.calls.get(&call).and_then(|known| {
            let offer = known.offer.as_ref()?;
            let caller = (known.caller.id.clone(), known.language);
            let whisper = self.whisper(known, offer);
            let number = self.agent_number(offer);
            let language = self.agents.get(&offer.agent)?.settings.language;
            let agent = (offer.leg.id.clone(), language);
            Some((
                offer.id,
                offer.agent.clone(),
                agent,
                whisper,
                caller,
                number,
            ))
        });
        let Some((offer, agent, to_agent, whisper, to_caller, number)) = heard else {
            return self.connect(call, out);
        };
        let (whispered, told) = (!whisper.is_empty(), !number.is_empty());
        if !whispered && !told {
            return self.connect(call, out);
        }
        out.note(Fact::Briefed {
            call,
            agent,
            whispered,
            told,
        });
        if told {
            // What the caller heard so far is over.
            self.forget_playback(call);
        }
        let mut playing = BTreeSet::new();
        for ((leg, language), prompts) in [(to_agent, whisper), (to_caller, number)] {
            playing.extend(self.play_before(call, &leg, language, prompts, out));
        }
        self.preludes
            .extend(playing.iter().map(|playback| (*playback, call)));
        if let Some(known) = self.calls.get_mut(&call) {
            known.briefing = Some(Briefing { playing, told });
        }
        let longest = LONGEST.min(self.limits().max_prompt);
        self.timers
            .set(Reason::BriefingEnds(call), self.now + longest);
        let overdue = self.now + longest + SETTLING;
        self.timers.set(Reason::OfferOverdue(offer), overdue);
    }

    fn play_before(
        &mut self,
        call: CallId,
        leg: &LegId,
        language: Language,
        prompts: Vec<PromptId>,
        out: &mut Commands,
    ) -> Option<CommandId> {
        let play = SwitchCommand::Play {
            channel: leg.channel.clone(),
            prompts,
            language,
        };
        let has_prompts =
            matches!(&play, SwitchCommand::Play { prompts, .. } if !prompts.is_empty());
        has_prompts.then(|| self.order(call, &leg.switch, play, Purpose::Play, out))
    }

    /// What the agent hears of the call.
    fn whisper(&self, known: &Call, offer: &Offer) -> Vec<PromptId> {
        let visit = offer.queue.as_ref().and_then(|queue| known.visit(queue));
        let settings = visit.and_then(|visit| self.queues.get(visit.queue()));
        let whisper = settings.and_then(|queue| queue.settings.whisper.as_ref());
        let agent = self.agents.get(&offer.agent);
        let (Some(visit), Some(whisper), Some(agent)) = (visit, whisper, agent) else {
            return Vec::new();
        };
        let mut prompts: Vec<PromptId> = whisper.prompt.iter().cloned().collect();
        if whisper.wait {
            let minutes = self.minutes_waited(visit);
            prompts.extend(say::waited(minutes, agent.settings.language));
        }
        prompts
    }

    fn minutes_waited(&self, visit: &Visit) -> u32 {
        let waited = self.now.since(visit.place.entered).as_millis();
        u32::try_from(waited / 60_000).unwrap_or(u32::MAX)
    }

    /// The agent's number as the caller hears it (报工号).
    fn agent_number(&self, offer: &Offer) -> Vec<PromptId> {
        let queue = offer
            .queue
            .as_ref()
            .and_then(|queue| self.queues.get(queue));
        let agent = self.agents.get(&offer.agent);
        let number = agent.and_then(|agent| agent.settings.number.as_ref());
        match number.filter(|_| queue.is_some_and(|queue| queue.settings.announce_agent)) {
            Some(number) => say::agent(number.as_str()),
            None => Vec::new(),
        }
    }

    /// Whether a playback that ended was one of these.
    pub(super) fn briefing_heard(
        &mut self,
        playback: CommandId,
        why: Option<&OutsideText>,
        out: &mut Commands,
    ) -> bool {
        let Some(call) = self.preludes.remove(&playback) else {
            return false;
        };
        if let Some(why) = why {
            out.note(Fact::CommandFailed {
                call: Some(call),
                command: playback,
                why: why.clone(),
            });
        }
        let known = self.calls.get_mut(&call);
        let briefing = known.and_then(|known| known.briefing.as_mut());
        let is_over = briefing.is_some_and(|briefing| {
            briefing.playing.remove(&playback);
            briefing.playing.is_empty()
        });
        if is_over {
            self.briefing_ended(call, out);
        }
        true
    }

    /// Everything was heard, or it takes too long, or the agent pressed a key.
    pub(super) fn briefing_ended(&mut self, call: CallId, out: &mut Commands) {
        self.forget_briefing(call);
        let known = self.calls.get(&call);
        if known.is_some_and(|known| known.ending.is_none()) {
            self.connect(call, out);
        }
    }

    /// A key was pressed: says whether it ends a briefing.
    pub(super) fn cuts_briefing(&self, call: CallId, leg: &LegId) -> bool {
        let known = self.calls.get(&call);
        let briefed = known.filter(|known| known.briefing.is_some());
        let offer = briefed.and_then(|known| known.offer.as_ref());
        offer.is_some_and(|offer| offer.leg.id == *leg)
    }

    /// What is still heard moves nothing. Says whether the caller lost the music by it.
    pub(super) fn forget_briefing(&mut self, call: CallId) -> bool {
        self.timers.clear(&Reason::BriefingEnds(call));
        let known = self.calls.get_mut(&call);
        let Some(briefing) = known.and_then(|known| known.briefing.take()) else {
            return false;
        };
        for playback in &briefing.playing {
            self.preludes.remove(playback);
        }
        briefing.told
    }

    /// The offer came to nothing: a caller who was told of the agent already hears
    /// music again.
    pub(super) fn briefing_in_vain(
        &mut self,
        call: CallId,
        outcome: OfferOutcome,
        out: &mut Commands,
    ) {
        let told = self.forget_briefing(call);
        let known = self.calls.get(&call);
        let waits = known.is_some_and(|known| {
            known.is_waiting() && known.ending.is_none() && known.caller.state != LegState::Ended
        });
        if told && waits && outcome != OfferOutcome::CallerLeft {
            self.start_music(call, out);
        }
    }
}

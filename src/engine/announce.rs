//! What callers are told while they wait: their place, how long it will take,
//! comfort messages. An announcement ends when an agent is connected and never
//! holds up an offer.

use crate::engine::Engine;
use crate::engine::call::Call;
use crate::engine::centre::Announcements;
use crate::engine::command::Commands;
use crate::engine::id::{CallId, PromptId};
use crate::engine::say;
use crate::engine::time::Span;
use crate::engine::timer::Reason;

impl Engine {
    /// Sets the deadline of a call's next announcement.
    pub(super) fn expect_announcement(&mut self, call: CallId) {
        let due = Reason::AnnouncementDue(call);
        let known = self.calls.get(&call);
        let settings = known.and_then(|known| self.announcements_of(known));
        match settings.map(|settings| settings.every) {
            Some(every) => self.timers.set(due, self.now + every),
            None => self.timers.clear(&due),
        }
    }

    /// The first of a call's queues speaks to the caller.
    fn announcements_of(&self, call: &Call) -> Option<&Announcements> {
        let queue = call.visits.first()?.queue();
        self.queues.get(queue)?.settings.announce.as_ref()
    }

    pub(super) fn announcement_due(&mut self, call: CallId, out: &mut Commands) {
        let Some(known) = self.calls.get(&call).filter(|call| call.is_waiting()) else {
            return;
        };
        // One for whom one agent is rung hears them soon; who hears a prompt hears it out.
        let rings_on = known.ringing.iter().all(|ringing| {
            let queue = ringing
                .queue
                .as_ref()
                .and_then(|queue| self.queues.get(queue));
            queue.is_some_and(|queue| queue.settings.strategy.rings_several())
        });
        let hears =
            known.offer.is_none() && rings_on && known.playback.is_none() && !known.is_asked();
        let prompts = self.announcement(call, known);
        self.expect_announcement(call);
        if !hears || prompts.is_empty() {
            return;
        }
        if let Some(known) = self.calls.get_mut(&call) {
            known.announced = known.announced.saturating_add(1);
        }
        self.play(call, prompts, out);
    }

    fn announcement(&self, call: CallId, known: &Call) -> Vec<PromptId> {
        let (Some(settings), Some(visit)) = (self.announcements_of(known), known.visits.first())
        else {
            return Vec::new();
        };
        let mut prompts = Vec::new();
        if settings.position {
            let ahead = self.estimator.ahead(visit.queue(), &visit.place);
            let position = u32::try_from(ahead).unwrap_or(u32::MAX).saturating_add(1);
            prompts.extend(say::position(position, known.language));
        }
        if settings.wait
            && let Some(estimate) = self.estimate(call)
        {
            let (low, high) = (minutes(estimate.low, false), minutes(estimate.high, true));
            prompts.extend(say::minutes_between(low, high, known.language));
        }
        let nth = usize::try_from(known.announced).unwrap_or(0);
        let comfort = nth.checked_rem(settings.comfort.len());
        prompts.extend(comfort.map(|nth| settings.comfort[nth].clone()));
        prompts
    }
}

/// Whole minutes, so that the interval said holds the one estimated.
fn minutes(span: Span, up: bool) -> u32 {
    let millis = span.as_millis();
    let minutes = match up {
        true => millis.div_ceil(60_000),
        false => millis / 60_000,
    };
    u32::try_from(minutes).unwrap_or(u32::MAX)
}

//! What a queue asks of agents changes as a call waits: a level is lowered, a
//! skill dropped, other queues' agents asked, the priority raised.

use crate::engine::Engine;
use crate::engine::command::Commands;
use crate::engine::condition::{CallFacts, QueueFacts};
use crate::engine::explanation::{Exclusion, Trigger};
use crate::engine::fact::Fact;
use crate::engine::id::{CallId, QueueId};
use crate::engine::queue::Place;
use crate::engine::queues::QueueIndex;
use crate::engine::terms::Terms;
use crate::engine::time::Span;
use crate::engine::timer::Reason;
use crate::engine::wishes::AgentSet;

impl Engine {
    /// How much waiting one point of priority counts for.
    pub(super) fn priority_worth(&self) -> Span {
        let centre = self.centre.as_ref();
        centre.map_or(Span::ZERO, |centre| centre.routing.priority_worth)
    }

    /// The terms on which a call waits in a queue at one of its steps.
    pub(super) fn terms_of(&self, call: CallId, queue: &QueueId, step: usize) -> Option<Terms> {
        let facts = self.facts_of_waiter(call)?;
        let asked = self.queues.get(queue)?.settings.asked(step);
        let facts = match asked.condition {
            Some(condition) => condition.of_interest(facts),
            None => CallFacts::new(),
        };
        Some(Terms {
            queue: queue.clone(),
            step,
            only: AgentSet::default(),
            without: self.forbidden_in(call, queue, step),
            facts,
        })
    }

    /// Sets the deadline of the step that follows a call's present one.
    pub(super) fn expect_step(&mut self, call: CallId, queue: &QueueId) {
        let Some(visit) = self.visit_of_mut(call, queue).map(|visit| visit.clone()) else {
            return;
        };
        let steps = self.queues.get(queue).map(|queue| &queue.settings.steps);
        let next = steps.and_then(|steps| steps.get(visit.steps_done));
        let due = Reason::StepDue(call, queue.clone());
        match next {
            Some(step) => self.timers.set(due, visit.place.entered + step.after),
            None => self.timers.clear(&due),
        }
    }

    /// A call has waited long enough for its next step in a queue.
    pub(super) fn step_due(&mut self, call: CallId, id: &QueueId, out: &mut Commands) {
        let (Some(facts), Some(queue)) = (self.facts_of_waiter(call), self.queues.index(id)) else {
            return;
        };
        let Some(visit) = self.visit_of_mut(call, id) else {
            return;
        };
        let (number, place) = (visit.steps_done + 1, visit.place);
        let only = visit.terms.only.clone();
        let settings = &self.queues.queue(queue).settings;
        let Some(step) = settings.steps.get(number - 1) else {
            return;
        };
        let skipped = step
            .skip_if
            .as_ref()
            .is_some_and(|skip| skip.holds_now(&facts, self.facts_of_queue(queue)));
        let priority = place.priority().saturating_add(step.priority);
        if let Some(visit) = self.visit_of_mut(call, id) {
            visit.steps_done = number;
        }
        self.expect_step(call, id);
        if skipped {
            return;
        }
        let Some(mut terms) = self.terms_of(call, id, number) else {
            return;
        };
        terms.only = only;
        self.set_aside(call);
        let place = Place::new(priority, place.entered, call, self.priority_worth());
        if let Some(visit) = self.visit_of_mut(call, id) {
            visit.place = place;
            visit.terms = terms;
        }
        self.note_step(call, id, number, priority, out);
        self.line_up(call);
        let known = self.calls.get(&call);
        if known.is_none_or(|known| known.seeks_anybody(&self.queues)) {
            self.distribute_call(call, Trigger::StepReached, out);
            self.carry_place(call, out);
        }
    }

    fn note_step(
        &mut self,
        call: CallId,
        queue: &QueueId,
        step: usize,
        priority: i32,
        out: &mut Commands,
    ) {
        let Some(callback) = self.callbacks.get_mut(&call) else {
            let queue = queue.clone();
            return out.note(Fact::StepReached {
                call,
                queue,
                step,
                priority,
            });
        };
        callback.progress.step = step;
        callback.progress.priority = priority;
        out.note(Fact::CallbackMoved {
            callback: call,
            progress: callback.progress.clone(),
        });
    }

    fn facts_of_queue(&self, queue: QueueIndex) -> QueueFacts {
        let (ready, excluded) = self.queues.staff(queue);
        let others: u32 = excluded.iter().map(|(_, count)| count).sum();
        QueueFacts {
            waiting: self.queues.queue(queue).length(),
            signed_in: ready + others - excluded.count(Exclusion::SignedOut),
            ready,
        }
    }
}

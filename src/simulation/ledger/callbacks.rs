//! Callbacks among the calls: whom they stand for, and in which lines.

use super::{Circumstances, Ledger};
use crate::engine::callback::CallbackState;
use crate::engine::centre::Centre;
use crate::engine::fact::Fact;
use crate::engine::id::{CallId, SwitchId};
use crate::simulation::place::Place;
use crate::simulation::promises::{handed_over, offered_to};
use crate::simulation::violation::Violation;

impl Ledger {
    /// What a callback means for the calls of its customer.
    pub(super) fn callback_told(
        &mut self,
        fact: &Fact,
        circumstances: &mut Circumstances<'_>,
    ) -> Result<(), Violation> {
        if let Fact::CallbackRequested { order, .. } = fact
            && let Some(from) = order.from
        {
            // The call only ends.
            self.call(from, "it was promised a callback")?.turned_away = true;
        }
        let callback = match fact {
            Fact::CallbackMoved { callback, .. } | Fact::CallbackClosed { callback, .. } => {
                *callback
            }
            _ => return Ok(()),
        };
        self.out_of_line(callback, circumstances.centre);
        if let Some((call, queue, entered, priority)) = handed_over(fact)
            && let Some(known) = self.calls.get(&call)
            && known.places.iter().all(|place| place.queue != *queue)
        {
            let settings = circumstances.centre.queues.get(queue);
            let own = known.priority + settings.map_or(0, |settings| settings.priority);
            let place = Place {
                queue: queue.clone(),
                priority: priority.max(own),
                entered,
                step: 0,
                worth: circumstances.centre.routing.priority_worth,
                served: true,
            };
            circumstances.places.insert((call, queue.clone()), place);
        }
        Ok(())
    }

    /// The line that a callback stands in, and its place in it.
    fn line_of(&self, callback: CallId, centre: &Centre) -> Option<(Place, SwitchId)> {
        let place = self.promises.place_of(callback, centre)?;
        let switch = self.promises.order_of(callback)?.switch.clone();
        Some((place, switch))
    }

    fn out_of_line(&mut self, callback: CallId, centre: &Centre) {
        if let Some((place, switch)) = self.line_of(callback, centre) {
            self.line(&place, &switch).remove(&(place.rank(), callback));
        }
    }

    /// A callback waits in the same lines as calls: it goes before nobody who came
    /// earlier, and nobody who came later before it.
    pub(super) fn callback_lines_up(
        &mut self,
        fact: &Fact,
        circumstances: &Circumstances<'_>,
    ) -> Result<(), Violation> {
        let Fact::CallbackMoved { callback, progress } = fact else {
            return Ok(());
        };
        let Some((place, switch)) = self.line_of(*callback, circumstances.centre) else {
            return Ok(());
        };
        if progress.state == CallbackState::Waiting {
            self.line(&place, &switch).insert((place.rank(), *callback));
        }
        match offered_to(progress) {
            Some(agent) => {
                let centre = circumstances.centre;
                self.check_order(*callback, agent, &place, &switch, centre)
            }
            None => Ok(()),
        }
    }
}

//! Visits to queues, and how many calls wait in each.

use crate::engine::fact::QueueExit;
use crate::engine::id::{CallId, QueueId};
use crate::engine::time::Timestamp;
use crate::store::EVERY;
use crate::store::projection::{Place, QueueKey, Taking, begin};
use crate::store::schema::{calls, queue_states, queue_visits};
use crate::store::word::word;
use diesel::prelude::*;

impl Taking<'_> {
    pub(super) fn queue_entered(
        &mut self,
        call: CallId,
        queue: &QueueId,
        priority: i32,
        entered: Timestamp,
    ) -> QueryResult<()> {
        let place = self.place_of(call)?;
        begin!(
            self,
            place,
            queue_visits {
                call: call.to_string(),
                queue: queue.as_str(),
                priority: priority,
                entered: entered.as_millis(),
            }
        );
        diesel::update(calls::table.find(call.to_string()))
            .set(calls::queue.eq(queue.as_str()))
            .execute(self.conn)?;
        self.touch_queue(&place, queue);
        Ok(())
    }

    pub(super) fn queue_left(
        &mut self,
        call: CallId,
        queue: &QueueId,
        reason: QueueExit,
    ) -> QueryResult<()> {
        let place = self.place_of(call)?;
        let open = queue_visits::table
            .filter(queue_visits::call.eq(call.to_string()))
            .filter(queue_visits::queue.eq(queue.as_str()))
            .filter(queue_visits::left_at.is_null());
        diesel::update(open)
            .set((
                queue_visits::left_at.eq(self.moment.at),
                queue_visits::reason.eq(word(&reason)),
            ))
            .execute(self.conn)?;
        self.touch_queue(&place, queue);
        Ok(())
    }

    pub(super) fn touch_queue(&mut self, place: &Place, queue: &QueueId) {
        let key = QueueKey {
            tenant: place.tenant.clone(),
            site: place.site.clone(),
            queue: queue.to_string(),
        };
        self.queues.insert(key, self.moment.at);
    }

    /// Counts who waits, once per batch and from the visits themselves: a count
    /// that is carried along would be wrong for ever after one mistake.
    pub(super) fn count_waiting(&mut self) -> QueryResult<()> {
        for (key, at) in std::mem::take(&mut self.queues) {
            let waiting: i64 = queue_visits::table
                .filter(queue_visits::queue.eq(&key.queue))
                .filter(queue_visits::tenant.eq(&key.tenant))
                .filter(queue_visits::site.eq(&key.site))
                .filter(queue_visits::left_at.is_null())
                .count()
                .get_result(self.conn)?;
            let row = queue_states::table.find((&key.tenant, &key.site, &key.queue));
            let changed = diesel::update(row)
                .set((
                    queue_states::waiting.eq(waiting),
                    queue_states::since.eq(at),
                ))
                .execute(self.conn)?;
            if changed == 0 {
                let place = Place {
                    tenant: key.tenant,
                    site: key.site,
                    switch: EVERY.to_owned(),
                };
                begin!(
                    self,
                    place,
                    queue_states {
                        queue: key.queue,
                        waiting: waiting,
                        since: at,
                    }
                );
            }
        }
        Ok(())
    }
}

//! Visits to queues, and how many calls wait in each.

use crate::engine::fact::QueueExit;
use crate::engine::id::{CallId, QueueId};
use crate::engine::time::Timestamp;
use crate::store::projection::rows::{Rows, Shape, Table, run};
use crate::store::projection::{BEGUN, Place, Taking};
use crate::store::word::word;
use crate::store::{AnyConnection, EVERY};
use diesel::QueryResult;
use std::collections::BTreeMap;
use std::rc::Rc;

const VISITS: Table = Table {
    name: "queue_visits",
    shape: Shape {
        first: BEGUN,
        second: &[
            ("call", "TEXT"),
            ("queue", "TEXT"),
            ("priority", "BIGINT"),
            ("entered", "BIGINT"),
            ("left_at", "BIGINT"),
            ("reason", "TEXT"),
        ],
    },
};

const LEFT: Shape = Shape {
    first: &[("call", "TEXT"), ("queue", "TEXT")],
    second: &[("left_at", "BIGINT"), ("reason", "TEXT")],
};

const TOUCHED: Shape = Shape {
    first: &[("tenant", "TEXT"), ("site", "TEXT"), ("queue", "TEXT")],
    second: &[("since", "BIGINT")],
};

/// What a batch says of queues.
#[derive(Default)]
pub(super) struct Queues {
    visits: BTreeMap<(CallId, QueueId, i64), Visit>,
    /// Visits of earlier batches that ended.
    left: BTreeMap<(CallId, QueueId), (i64, String)>,
    /// Queues whose number of waiting calls may have changed, and when last.
    touched: BTreeMap<(String, String, QueueId), i64>,
}

struct Visit {
    place: Rc<Place>,
    priority: i32,
    left: Option<(i64, String)>,
}

impl Taking<'_> {
    pub(super) fn queue_entered(
        &mut self,
        call: CallId,
        queue: &QueueId,
        priority: i32,
        entered: Timestamp,
    ) {
        let place = self.place_of(call);
        self.call_entered_queue(call, queue.as_str());
        self.touch_queue(&place, queue);
        let key = (call, queue.clone(), entered.as_millis());
        self.queues.visits.entry(key).or_insert(Visit {
            place,
            priority,
            left: None,
        });
    }

    pub(super) fn queue_left(&mut self, call: CallId, queue: &QueueId, reason: QueueExit) {
        let place = self.place_of(call);
        self.touch_queue(&place, queue);
        let left = (self.moment.at, word(&reason));
        let key = (call, queue.clone());
        let from = (call, queue.clone(), i64::MIN);
        let to = (call, queue.clone(), i64::MAX);
        for visit in self.queues.visits.range_mut(from..=to) {
            visit.1.left.get_or_insert_with(|| left.clone());
        }
        self.queues.left.entry(key).or_insert(left);
    }

    pub(super) fn touch_queue(&mut self, place: &Place, queue: &QueueId) {
        let key = (place.tenant.clone(), place.site.clone(), queue.clone());
        self.queues.touched.insert(key, self.moment.at);
    }
}

impl Queues {
    pub(super) fn write(self, conn: &mut AnyConnection) -> QueryResult<()> {
        // First those that were open before this batch: its own know their end.
        let mut rows = Rows::default();
        for ((call, queue), left) in self.left {
            rows.push((call.to_string(), queue), left)?;
        }
        run(conn, LEFT, rows, |source| {
            format!(
                "UPDATE queue_visits SET left_at = r.left_at, reason = r.reason FROM {source} \
                 WHERE queue_visits.call = r.call AND queue_visits.queue = r.queue \
                 AND queue_visits.left_at IS NULL"
            )
        })?;
        let mut rows = Rows::default();
        for ((call, queue, entered), visit) in self.visits {
            let (left_at, reason) = visit.left.unzip();
            let row = (
                call.to_string(),
                queue,
                visit.priority,
                entered,
                left_at,
                reason,
            );
            rows.push(visit.place.values(), row)?;
        }
        VISITS.add(conn, rows)?;
        count_waiting(conn, self.touched)
    }
}

/// Counts who waits, once per batch and from the visits themselves: a count
/// that is carried along would be wrong for ever after one mistake.
fn count_waiting(
    conn: &mut AnyConnection,
    touched: BTreeMap<(String, String, QueueId), i64>,
) -> QueryResult<()> {
    let mut rows = Rows::default();
    for (queue, since) in touched {
        rows.push(queue, (since,))?;
    }
    run(conn, TOUCHED, rows, |source| {
        format!(
            "INSERT INTO queue_states (tenant, site, switch, queue, waiting, since) \
             SELECT r.tenant, r.site, '{EVERY}', r.queue, \
             (SELECT COUNT(*) FROM queue_visits WHERE queue_visits.queue = r.queue \
             AND queue_visits.tenant = r.tenant AND queue_visits.site = r.site \
             AND queue_visits.left_at IS NULL), r.since FROM {source} WHERE true \
             ON CONFLICT (tenant, site, queue) DO UPDATE \
             SET waiting = excluded.waiting, since = excluded.since"
        )
    })
}

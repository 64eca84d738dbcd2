//! One lane per call: a call's orders are carried out one after the other,
//! those of different calls at the same time.

use super::executor::Executor;
use crate::engine::id::CallId;
use crate::switch::SwitchOrder;
use crate::switch::link::{Inbox, ORDER_QUEUE};
use futures_util::future::BoxFuture;
use futures_util::stream::{FuturesUnordered, StreamExt};
use std::collections::{BTreeMap, VecDeque};
use tokio::sync::mpsc;
use tracing::debug;

/// Orders under way at once.
const AT_ONCE: usize = 64;

struct Lanes<'a> {
    executor: &'a Executor,
    inbox: &'a Inbox,
    /// Orders of each call that wait; a call with an order under way or
    /// waiting has an entry.
    waiting: BTreeMap<CallId, VecDeque<SwitchOrder>>,
    count: usize,
    /// Calls whose next order may start.
    ready: VecDeque<CallId>,
    under_way: FuturesUnordered<BoxFuture<'a, CallId>>,
}

/// Carries out orders until their sender is gone and the last one is answered.
/// An engine that is gone changes nothing: its last orders are carried out too.
pub(super) async fn run(
    executor: &Executor,
    inbox: &Inbox,
    mut orders: mpsc::Receiver<SwitchOrder>,
) {
    let mut lanes = Lanes {
        executor,
        inbox,
        waiting: BTreeMap::new(),
        count: 0,
        ready: VecDeque::new(),
        under_way: FuturesUnordered::new(),
    };
    let mut open = true;
    while open || !lanes.under_way.is_empty() {
        tokio::select! {
            order = orders.recv(), if open && lanes.count < ORDER_QUEUE => match order {
                Some(order) => lanes.take(order),
                None => open = false,
            },
            Some(call) = lanes.under_way.next() => lanes.goes_on(call),
        }
        lanes.start();
    }
}

impl Lanes<'_> {
    fn take(&mut self, order: SwitchOrder) {
        let call = order.call;
        let lane = self.waiting.entry(call);
        if let std::collections::btree_map::Entry::Vacant(_) = lane {
            self.ready.push_back(call);
        }
        lane.or_default().push_back(order);
        self.count += 1;
    }

    /// The order under way of `call` is answered.
    fn goes_on(&mut self, call: CallId) {
        match self.waiting.get(&call) {
            Some(lane) if !lane.is_empty() => self.ready.push_back(call),
            _ => {
                self.waiting.remove(&call);
            }
        }
    }

    fn start(&mut self) {
        while self.under_way.len() < AT_ONCE {
            let Some(call) = self.ready.pop_front() else {
                return;
            };
            let lane = self.waiting.get_mut(&call);
            let Some(order) = lane.and_then(VecDeque::pop_front) else {
                continue;
            };
            self.count -= 1;
            let (executor, inbox) = (self.executor, self.inbox);
            self.under_way.push(Box::pin(async move {
                let told = match executor.carry_out(&order).await {
                    Ok(()) => inbox.done(order.id).await,
                    Err(error) => {
                        let why = error.failure();
                        inbox.failed(order.id, why, &error.to_string()).await
                    }
                };
                if let Err(gone) = told {
                    debug!(order = %order.id, %gone, "nobody waits for this answer");
                }
                call
            }));
        }
    }
}

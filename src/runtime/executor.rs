//! Carries orders to their switches. An order that can be taken back leaves at
//! once; one that cannot waits until the event that caused it is on disk.

use crate::engine::event::Event;
use crate::engine::id::SwitchId;
use crate::engine::text::OutsideText;
use crate::store::journal::Journal;
use crate::switch::link::hand_on;
use crate::switch::{Failure, Outcome, SwitchOrder};
use std::collections::BTreeMap;
use std::time::Duration;
use tokio::sync::mpsc::{self, error::TrySendError};
use tokio::time::timeout;

/// Irrevocable orders that may wait for the disk; more are answered as overloaded.
const GATE_QUEUE: usize = 16_384;

/// How long an irrevocable order waits for a disk that gives no answer. Then the
/// disk counts as failing, and the call goes on.
const PATIENCE: Duration = Duration::from_secs(3);

/// The ways to the switches. The gate's task ends when the executor is dropped.
pub struct Executor {
    links: BTreeMap<SwitchId, mpsc::Sender<SwitchOrder>>,
    gate: mpsc::Sender<(u64, SwitchOrder)>,
}

impl Executor {
    /// `events` takes the answer of an order that could not be handed over
    /// after its wait for the disk.
    pub fn new(
        links: BTreeMap<SwitchId, mpsc::Sender<SwitchOrder>>,
        journal: Journal,
        events: mpsc::WeakSender<Event>,
    ) -> Self {
        let (gate, waiting) = mpsc::channel(GATE_QUEUE);
        let gated = Gate {
            links: links.clone(),
            journal,
            events,
        };
        #[expect(
            clippy::disallowed_methods,
            reason = "the gate waits for the disk beside the driver"
        )]
        drop(tokio::spawn(gated.run(waiting)));
        Self { links, gate }
    }

    /// Hands over an order that can be taken back. Gives the order's answer
    /// when it could not be handed over.
    pub fn send(&self, order: SwitchOrder) -> Option<Event> {
        hand_over(&self.links, order)
    }

    /// The same for an irrevocable order, once the journal's entry `seq` is on disk.
    pub fn send_when_kept(&self, seq: u64, order: SwitchOrder) -> Option<Event> {
        self.gate
            .try_send((seq, order))
            .err()
            .map(|error| match error {
                TrySendError::Full((_, order)) | TrySendError::Closed((_, order)) => refused(
                    order,
                    Failure::Overloaded,
                    "too many orders wait for the disk",
                ),
            })
    }
}

/// Holds irrevocable orders back, in order, until their entry is on disk.
struct Gate {
    links: BTreeMap<SwitchId, mpsc::Sender<SwitchOrder>>,
    journal: Journal,
    events: mpsc::WeakSender<Event>,
}

impl Gate {
    async fn run(self, mut waiting: mpsc::Receiver<(u64, SwitchOrder)>) {
        while let Some((seq, order)) = waiting.recv().await {
            let kept = loop {
                match timeout(PATIENCE, self.journal.kept(seq)).await {
                    Ok(kept) => break kept,
                    Err(_) => self.journal.does_not_answer(),
                }
            };
            if let Err(error) = kept {
                // Calls go on without a disk; what could not be kept is in the journal's health.
                metrics::counter!("switchyard_orders_not_journalled_total").increment(1);
                tracing::error!(%error, command = %order.id, "an irrevocable order leaves without its entry on disk");
            }
            if let Some(answer) = hand_over(&self.links, order)
                && let Some(events) = self.events.upgrade()
                && events.send(answer).await.is_err()
            {
                return;
            }
        }
    }
}

fn hand_over(
    links: &BTreeMap<SwitchId, mpsc::Sender<SwitchOrder>>,
    order: SwitchOrder,
) -> Option<Event> {
    let Some(link) = links.get(&order.switch) else {
        return Some(refused(
            order,
            Failure::LinkDown,
            "no switch of this name is configured",
        ));
    };
    hand_on(link, order).err().map(|error| match error {
        TrySendError::Full(order) => refused(
            order,
            Failure::Overloaded,
            "too many orders wait for the switch",
        ),
        TrySendError::Closed(order) => {
            refused(order, Failure::LinkDown, "the switch's adapter has ended")
        }
    })
}

fn refused(order: SwitchOrder, why: Failure, detail: &str) -> Event {
    let outcome = Outcome::Failed {
        why,
        detail: OutsideText::new(detail),
    };
    Event::Completed {
        command: order.id,
        outcome,
    }
}

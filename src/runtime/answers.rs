//! Those who wait for the engine's answer to what they asked.

use crate::engine::id::RequestId;
use crate::engine::request::Refusal;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::oneshot;

/// Shared by the handle, which asks, and the driver, which hears the answers.
#[derive(Clone, Default)]
pub struct Answers {
    last: Arc<AtomicU64>,
    waiting: Arc<Mutex<BTreeMap<RequestId, Give>>>,
}

type Give = oneshot::Sender<Result<(), Refusal>>;

/// A request on its way. Dropped, nobody waits for its answer any more.
pub struct Asking {
    pub request: RequestId,
    pub answer: oneshot::Receiver<Result<(), Refusal>>,
    answers: Answers,
}

impl Answers {
    /// Begins to wait for the answer to a new request.
    pub fn expect(&self) -> Asking {
        let request = RequestId(self.last.fetch_add(1, Ordering::Relaxed) + 1);
        let (give, answer) = oneshot::channel();
        self.waiting().insert(request, give);
        Asking {
            request,
            answer,
            answers: self.clone(),
        }
    }

    /// Gives an answer to whoever waits for it.
    pub fn give(&self, request: RequestId, outcome: Result<(), Refusal>) {
        if let Some(waits) = self.waiting().remove(&request) {
            // Who asked may have gone on without the answer.
            let _ = waits.send(outcome);
        }
    }

    fn waiting(
        &self,
    ) -> std::sync::MutexGuard<'_, BTreeMap<RequestId, oneshot::Sender<Result<(), Refusal>>>> {
        // Nothing is done under the lock that could leave half a value.
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Asking {
    fn drop(&mut self) {
        self.answers.waiting().remove(&self.request);
    }
}

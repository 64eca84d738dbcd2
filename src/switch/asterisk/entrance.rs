//! Legs we create enter the Stasis application a moment after the request that
//! creates them was answered; what needs them inside waits here.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::sync::oneshot;

#[derive(Debug, Default)]
pub(super) struct Entrances(Mutex<BTreeMap<String, oneshot::Sender<()>>>);

impl Entrances {
    /// To be called before the leg is created. Ends when it has entered.
    pub(super) fn expect(&self, channel: &str) -> oneshot::Receiver<()> {
        let (enter, entered) = oneshot::channel();
        let mut expected = self.lock();
        expected.retain(|_, enter| !enter.is_closed());
        expected.insert(channel.to_owned(), enter);
        entered
    }

    pub(super) fn entered(&self, channel: &str) {
        if let Some(enter) = self.lock().remove(channel) {
            // Nobody waits any more when the command has gone on without it.
            let _ = enter.send(());
        }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, oneshot::Sender<()>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

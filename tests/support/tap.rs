//! A tap between a journal and its disk: it lets through, holds back, or fails.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::io;
use std::sync::{Arc, Condvar, Mutex};
use switchyard::engine::time::Timestamp;
use switchyard::store::journal::Disk;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Flow {
    #[default]
    Free,
    /// The disk gives no answer.
    Held,
    /// The disk answers that it is full.
    Fails,
}

#[derive(Clone, Default)]
pub(crate) struct Tap(Arc<(Mutex<Flow>, Condvar)>);

impl Tap {
    pub(crate) fn turn(&self, flow: Flow) {
        let (state, turned) = &*self.0;
        *state.lock().unwrap() = flow;
        turned.notify_all();
    }

    /// For `Journal::open_on`.
    pub(crate) fn between(&self) -> impl FnOnce(Box<dyn Disk>) -> Box<dyn Disk> {
        let tap = self.clone();
        |disk| Box::new(Tapped { tap, disk })
    }
}

struct Tapped {
    tap: Tap,
    disk: Box<dyn Disk>,
}

impl Disk for Tapped {
    fn append(&mut self, first: u64, at: Timestamp, lines: &[u8]) -> io::Result<()> {
        let (state, turned) = &*self.tap.0;
        let flow = turned
            .wait_while(state.lock().unwrap(), |flow| *flow == Flow::Held)
            .unwrap();
        match *flow {
            Flow::Fails => Err(io::ErrorKind::StorageFull.into()),
            Flow::Free | Flow::Held => self.disk.append(first, at, lines),
        }
    }
}

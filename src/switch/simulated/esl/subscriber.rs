//! A connection that asked for events: which ones, and through which filters.

use crate::switch::simulated::esl::stopwatch::Mark;
use std::collections::BTreeSet;
use std::sync::Arc;
use tokio::sync::{Notify, mpsc};

/// Messages that may wait for one connection; a client that reads slower is
/// disconnected, as the real switch does.
pub(super) const MAX_WAITING: usize = 8_192;
/// Filters one connection may set.
const MAX_FILTERS: usize = 64;

/// Bytes on their way to a client, and what is measured when they are written.
#[derive(Clone, Debug)]
pub(super) struct Outgoing {
    pub(super) bytes: Arc<[u8]>,
    pub(super) mark: Option<Mark>,
}

#[derive(Debug)]
pub(super) struct Subscriber {
    names: BTreeSet<String>,
    everything: bool,
    filters: Vec<Filter>,
    outgoing: mpsc::Sender<Outgoing>,
    cut: Arc<Notify>,
}

#[derive(Debug)]
struct Filter {
    header: String,
    value: String,
}

impl Subscriber {
    /// `cut` is told when the client reads too slowly.
    pub(super) fn new(outgoing: mpsc::Sender<Outgoing>, cut: Arc<Notify>) -> Self {
        Self {
            names: BTreeSet::new(),
            everything: false,
            filters: Vec::new(),
            outgoing,
            cut,
        }
    }

    pub(super) fn subscribe<'a>(&mut self, names: impl Iterator<Item = &'a str>) {
        for name in names {
            match name {
                "ALL" | "all" => self.everything = true,
                // Subclasses of CUSTOM are never sent, so they need no place.
                name => drop(self.names.insert(name.to_ascii_uppercase())),
            }
        }
    }

    pub(super) fn unsubscribe<'a>(&mut self, names: impl Iterator<Item = &'a str>) {
        for name in names {
            self.names.remove(&name.to_ascii_uppercase());
        }
    }

    pub(super) fn forget_events(&mut self) {
        self.names.clear();
        self.everything = false;
    }

    /// False when there are too many filters already.
    pub(super) fn filter(&mut self, header: &str, value: &str) -> bool {
        let room = self.filters.len() < MAX_FILTERS;
        if room {
            self.filters.push(Filter {
                header: header.to_owned(),
                value: value.to_owned(),
            });
        }
        room
    }

    pub(super) fn unfilter(&mut self, header: &str) {
        self.filters
            .retain(|filter| header != "all" && filter.header != header);
    }

    pub(super) fn wants(&self, event: &str) -> bool {
        self.everything || self.names.contains(event)
    }

    /// Whether any filter lets the event through; without filters everything passes.
    pub(super) fn passes(&self, text: &str) -> bool {
        self.filters.is_empty() || self.filters.iter().any(|filter| filter.matches(text))
    }

    /// False when the client is gone or reads too slowly, and is cut off.
    pub(super) fn send(&self, outgoing: Outgoing) -> bool {
        let sent = self.outgoing.try_send(outgoing).is_ok();
        if !sent {
            self.cut.notify_one();
        }
        sent
    }
}

impl Filter {
    fn matches(&self, text: &str) -> bool {
        let header = text.lines().filter_map(|line| line.split_once(": "));
        let mut values = header
            .filter(|(name, _)| *name == self.header)
            .map(|(_, value)| value);
        values.any(|value| value.eq_ignore_ascii_case(&self.value))
    }
}

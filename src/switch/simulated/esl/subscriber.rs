//! A connection that asked for events: which ones, and through which filters.

use crate::switch::simulated::esl::stopwatch::Mark;
use std::collections::{BTreeMap, BTreeSet};
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
    pub(super) bytes: Arc<Vec<u8>>,
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
    pub(super) fn passes(&self, event: &str, text: &str) -> bool {
        let passes = |filter: &Filter| match filter.decides_by_name(event) {
            Some(passes) => passes,
            None => filter.matches(text),
        };
        self.filters.is_empty() || self.filters.iter().any(passes)
    }

    /// False when it is certain that no filter will let the event through, going by
    /// its name and the variables its leg was given (none when it shows none).
    pub(super) fn may_pass(
        &self,
        event: &str,
        variables: Option<&BTreeMap<String, String>>,
    ) -> bool {
        let may_pass = |filter: &Filter| {
            filter.decides_by_name(event).unwrap_or_else(|| {
                let Some(name) = filter.header.strip_prefix(OURS) else {
                    return true;
                };
                // No shape has variables of ours: only the leg's own count.
                let value = variables.and_then(|all| all.get(&format!("{OUR_NAMES}{name}")));
                value.is_some_and(|value| value.eq_ignore_ascii_case(&filter.value))
            })
        };
        self.filters.is_empty() || self.filters.iter().any(may_pass)
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

/// Headers of the variables that the controller and its dialplan put on legs.
const OURS: &str = "variable_switchyard_";
const OUR_NAMES: &str = "switchyard_";

impl Filter {
    /// The verdict of a filter that looks at nothing but the event's name.
    fn decides_by_name(&self, event: &str) -> Option<bool> {
        (self.header == "Event-Name").then(|| self.value.eq_ignore_ascii_case(event))
    }

    fn matches(&self, text: &str) -> bool {
        text.lines().any(|line| {
            let value = line
                .strip_prefix(&self.header)
                .and_then(|rest| rest.strip_prefix(": "));
            value.is_some_and(|value| value.eq_ignore_ascii_case(&self.value))
        })
    }
}

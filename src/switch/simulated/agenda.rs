//! Things that are due at a time, in order of time and then of entry.

use crate::engine::time::Timestamp;
use std::collections::BTreeMap;

/// Names one entry, so that it can be taken out again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Ticket {
    at: Timestamp,
    number: u64,
}

#[derive(Debug)]
pub(crate) struct Agenda<T> {
    entries: BTreeMap<Ticket, T>,
    given: u64,
}

impl<T> Default for Agenda<T> {
    fn default() -> Self {
        Self {
            entries: BTreeMap::new(),
            given: 0,
        }
    }
}

impl<T> Agenda<T> {
    pub(crate) fn add(&mut self, at: Timestamp, entry: T) -> Ticket {
        let ticket = Ticket {
            at,
            number: self.given,
        };
        self.given += 1;
        self.entries.insert(ticket, entry);
        ticket
    }

    pub(crate) fn cancel(&mut self, ticket: Ticket) {
        self.entries.remove(&ticket);
    }

    pub(crate) fn next(&self) -> Option<Timestamp> {
        self.entries.keys().next().map(|ticket| ticket.at)
    }

    /// The first entry due at or before `now`.
    pub(crate) fn take_due(&mut self, now: Timestamp) -> Option<T> {
        let first = self.entries.first_entry()?;
        (first.key().at <= now).then(|| first.remove())
    }

    /// Takes out what `keep` does not want, in order of time.
    pub(crate) fn retain(&mut self, mut keep: impl FnMut(&T) -> bool) {
        self.entries.retain(|_, entry| keep(entry));
    }

    pub(crate) fn clear(&mut self) {
        self.entries.clear();
    }

    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_of_one_time_keep_their_order_and_cancelled_ones_are_gone() {
        let at = Timestamp::from_millis;
        let mut agenda = Agenda::default();
        agenda.add(at(20), "late");
        agenda.add(at(10), "first");
        let gone = agenda.add(at(10), "cancelled");
        agenda.add(at(10), "second");
        agenda.cancel(gone);
        assert_eq!(agenda.next(), Some(at(10)));
        assert_eq!(agenda.take_due(at(15)), Some("first"));
        assert_eq!(agenda.take_due(at(15)), Some("second"));
        assert_eq!(agenda.take_due(at(15)), None);
        assert_eq!(agenda.len(), 1);
    }
}

//! What the journal could not keep, named: which entries, when, whose calls.

use crate::engine::id::CallId;
use crate::engine::time::Timestamp;
use crate::store::journal::entry::Step;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::fmt;

/// Calls named in one gap; those beyond are only told of.
pub const CALLS_NAMED: usize = 200;
/// Gaps told apart; what is lost beyond them widens the last.
pub(super) const MAX_GAPS: usize = 64;

/// A stretch of entries that are in no file, because the disk failed for longer
/// than entries can wait. It is written to the journal as soon as that can be
/// written again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gap {
    pub first: Mark,
    pub last: Mark,
    /// Entries lost between the two; others between them may have been kept.
    pub entries: u64,
    /// The calls concerned, at most [`CALLS_NAMED`].
    pub calls: BTreeSet<CallId>,
    /// Whether more calls are concerned than are named.
    pub more_calls: bool,
    pub why: String,
}

/// The number and the time of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {
    pub seq: u64,
    pub at: Timestamp,
}

impl Gap {
    pub(super) fn of(seq: u64, step: &Step, why: &str) -> Self {
        let mark = Mark { seq, at: step.at };
        let mut gap = Self {
            first: mark,
            last: mark,
            entries: 0,
            calls: BTreeSet::new(),
            more_calls: false,
            why: why.to_owned(),
        };
        gap.widen(seq, step);
        gap
    }

    pub(super) fn widen(&mut self, seq: u64, step: &Step) {
        self.last = Mark { seq, at: step.at };
        self.entries += 1;
        for call in step.calls() {
            if self.calls.len() < CALLS_NAMED {
                self.calls.insert(call);
            } else {
                self.more_calls |= !self.calls.contains(&call);
            }
        }
    }
}

impl fmt::Display for Gap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { first, last, .. } = self;
        write!(
            f,
            "{} entries from {} ({}) to {} ({}) are lost: {}",
            self.entries,
            first.seq,
            moment(first.at),
            last.seq,
            moment(last.at),
            self.why
        )?;
        let more = if self.more_calls { " and more" } else { "" };
        match self.calls.len() {
            0 => write!(f, "; they concern no call"),
            calls => write!(f, "; they concern {calls} calls{more}"),
        }
    }
}

fn moment(at: Timestamp) -> String {
    crate::store::moment::Moment::from_millis(at.as_millis()).utc
}

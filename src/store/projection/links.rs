//! The links to the switches, and commands that came to nothing.

use crate::engine::id::{CallId, CommandId, SwitchId};
use crate::engine::text::OutsideText;
use crate::store::projection::rows::{Shape, Table};
use crate::store::projection::{HISTORY, Taking};
use diesel::QueryResult;

pub(super) const LINK_HISTORY: Table = Table {
    name: "link_history",
    shape: Shape {
        first: HISTORY,
        second: &[
            ("what", "TEXT"),
            ("why", "TEXT"),
            ("adopted", "BIGINT"),
            ("closed", "BIGINT"),
        ],
    },
};

pub(super) const COMMAND_FAILURES: Table = Table {
    name: "command_failures",
    shape: Shape {
        first: HISTORY,
        second: &[("call", "TEXT"), ("command", "BIGINT"), ("why", "TEXT")],
    },
};

/// A count that only some rows have.
const NO_COUNT: Option<u32> = None;

impl Taking<'_> {
    pub(super) fn link_changed(
        &mut self,
        switch: &SwitchId,
        up: bool,
        why: &OutsideText,
    ) -> QueryResult<()> {
        let place = self.centre().on(switch);
        let what = if up { "up" } else { "down" };
        let why = Some(why).filter(|why| !why.is_empty());
        self.add(&LINK_HISTORY, &place, (what, why, NO_COUNT, NO_COUNT))
    }

    pub(super) fn reconciled(
        &mut self,
        switch: &SwitchId,
        adopted: u32,
        closed: u32,
    ) -> QueryResult<()> {
        let place = self.centre().on(switch);
        let why = None::<OutsideText>;
        self.add(&LINK_HISTORY, &place, ("reconciled", why, adopted, closed))
    }

    pub(super) fn command_failed(
        &mut self,
        call: Option<CallId>,
        command: CommandId,
        why: &OutsideText,
    ) -> QueryResult<()> {
        let place = match call {
            Some(call) => (*self.place_of(call)).clone(),
            None => self.centre(),
        };
        let row = (call.map(|call| call.to_string()), command, why);
        self.add(&COMMAND_FAILURES, &place, row)
    }
}

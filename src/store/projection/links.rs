//! The links to the switches, and commands that came to nothing.

use crate::engine::id::{CallId, CommandId, SwitchId};
use crate::engine::text::OutsideText;
use crate::store::projection::{Taking, add, signed};
use crate::store::schema::{command_failures, link_history};
use diesel::prelude::*;

impl Taking<'_> {
    pub(super) fn link_changed(
        &mut self,
        switch: &SwitchId,
        up: bool,
        why: &OutsideText,
    ) -> QueryResult<()> {
        let place = self.centre().on(switch);
        add!(
            self,
            place,
            link_history {
                what: if up { "up" } else { "down" },
                why: Some(why.as_str()).filter(|why| !why.is_empty()),
            }
        );
        Ok(())
    }

    pub(super) fn reconciled(
        &mut self,
        switch: &SwitchId,
        adopted: u32,
        closed: u32,
    ) -> QueryResult<()> {
        let place = self.centre().on(switch);
        add!(
            self,
            place,
            link_history {
                what: "reconciled",
                adopted: i64::from(adopted),
                closed: i64::from(closed),
            }
        );
        Ok(())
    }

    pub(super) fn command_failed(
        &mut self,
        call: Option<CallId>,
        command: CommandId,
        why: &OutsideText,
    ) -> QueryResult<()> {
        let place = match call {
            Some(call) => (*self.place_of(call)?).clone(),
            None => self.centre(),
        };
        add!(
            self,
            place,
            command_failures {
                call: call.map(|call| call.to_string()),
                command: signed(command.0),
                why: why.as_str(),
            }
        );
        Ok(())
    }
}

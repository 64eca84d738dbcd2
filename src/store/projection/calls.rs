//! Calls, their legs, what was pressed and where in a flow they were.

use crate::engine::call::CallState;
use crate::engine::cause::Cause;
use crate::engine::fact::{EndedBy, OfferOutcome};
use crate::engine::id::{AgentId, BlockId, CallId, FlowId, LegId};
use crate::engine::leg::{LegRole, LegState};
use crate::engine::text::OutsideText;
use crate::store::projection::{Place, Taking, add, begin};
use crate::store::schema::{block_visits, call_states, calls, digits, leg_states, legs, offers};
use crate::store::word::word;
use crate::switch::{Digit, Extension};
use diesel::prelude::*;
use std::rc::Rc;

impl Taking<'_> {
    pub(super) fn call_started(
        &mut self,
        call: CallId,
        place: Place,
        caller_number: &OutsideText,
        caller_name: &OutsideText,
        dialled: &OutsideText,
    ) -> QueryResult<()> {
        let at = self.moment.at;
        begin!(
            self,
            place,
            calls {
                call: call.to_string(),
                caller_number: caller_number.as_str(),
                caller_name: caller_name.as_str(),
                dialled: dialled.as_str(),
                state: CallState::Arrived.word(),
                state_since: at,
                started: at,
            }
        );
        self.places.insert(call, Rc::new(place));
        Ok(())
    }

    pub(super) fn call_moved(&mut self, call: CallId, state: CallState) -> QueryResult<()> {
        let (place, at) = (self.place_of(call)?, self.moment.at);
        add!(
            self,
            place,
            call_states {
                call: call.to_string(),
                state: state.word()
            }
        );
        let id = call.to_string();
        diesel::update(calls::table.find(&id))
            .set((calls::state.eq(state.word()), calls::state_since.eq(at)))
            .execute(self.conn)?;
        if state == CallState::Connected {
            diesel::update(calls::table.find(&id).filter(calls::connected.is_null()))
                .set(calls::connected.eq(at))
                .execute(self.conn)?;
        }
        Ok(())
    }

    pub(super) fn call_ended(
        &mut self,
        call: CallId,
        cause: Cause,
        ended_by: EndedBy,
    ) -> QueryResult<()> {
        diesel::update(calls::table.find(call.to_string()))
            .set((
                calls::state.eq(CallState::Ended.word()),
                calls::ended.eq(self.moment.at),
                calls::cause.eq(cause.to_string()),
                calls::ended_by.eq(word(&ended_by)),
            ))
            .execute(self.conn)?;
        self.close_what_is_open(call)
    }

    /// Nothing of a call outlives it. What is still open was lost sight of, in
    /// a crash for example; a word of its end that comes later says it better.
    fn close_what_is_open(&mut self, call: CallId) -> QueryResult<()> {
        let (id, at) = (call.to_string(), self.moment.at);
        diesel::update(legs::table.filter(legs::call.eq(&id).and(legs::ended.is_null())))
            .set((legs::state.eq(LegState::Ended.word()), legs::ended.eq(at)))
            .execute(self.conn)?;
        diesel::update(offers::table.filter(offers::call.eq(&id).and(offers::ended.is_null())))
            .set((
                offers::ended.eq(at),
                offers::outcome.eq(word(&OfferOutcome::Failed)),
            ))
            .execute(self.conn)?;
        Ok(())
    }

    pub(super) fn block_entered(
        &mut self,
        call: CallId,
        flow: &FlowId,
        block: &BlockId,
    ) -> QueryResult<()> {
        let place = self.place_of(call)?;
        add!(
            self,
            place,
            block_visits {
                call: call.to_string(),
                flow: flow.as_str(),
                block: block.as_str(),
            }
        );
        Ok(())
    }

    pub(super) fn digit_pressed(
        &mut self,
        call: CallId,
        leg: &LegId,
        digit: Digit,
    ) -> QueryResult<()> {
        let place = self.place_of(call)?.on(&leg.switch);
        add!(
            self,
            place,
            digits {
                call: call.to_string(),
                channel: leg.channel.as_str(),
                key: digit.key.to_string(),
                method: word(&digit.method),
            }
        );
        Ok(())
    }

    pub(super) fn leg_started(
        &mut self,
        call: CallId,
        leg: &LegId,
        role: LegRole,
        agent: Option<&AgentId>,
        extension: Option<&Extension>,
    ) -> QueryResult<()> {
        let place = self.place_of(call)?.on(&leg.switch);
        begin!(
            self,
            place,
            legs {
                call: call.to_string(),
                channel: leg.channel.as_str(),
                role: role.word(),
                agent: agent.map(AgentId::as_str),
                extension: extension.map(Extension::as_str),
                state: LegState::Ringing.word(),
                started: self.moment.at,
            }
        );
        Ok(())
    }

    pub(super) fn leg_moved(
        &mut self,
        call: CallId,
        leg: &LegId,
        state: LegState,
    ) -> QueryResult<()> {
        self.add_leg_state(call, leg, state)?;
        let (id, at) = (call.to_string(), self.moment.at);
        let row = legs::table.find((&id, leg.switch.as_str(), leg.channel.as_str()));
        diesel::update(row)
            .set(legs::state.eq(state.word()))
            .execute(self.conn)?;
        if matches!(state, LegState::Answered | LegState::Bridged) {
            diesel::update(row.filter(legs::answered.is_null()))
                .set(legs::answered.eq(at))
                .execute(self.conn)?;
        }
        // The agent the caller was with last.
        if state == LegState::Bridged {
            let agent: Option<Option<String>> =
                row.select(legs::agent).first(self.conn).optional()?;
            if let Some(Some(agent)) = agent {
                diesel::update(calls::table.find(&id))
                    .set(calls::agent.eq(agent))
                    .execute(self.conn)?;
            }
        }
        Ok(())
    }

    pub(super) fn leg_ended(&mut self, call: CallId, leg: &LegId, cause: Cause) -> QueryResult<()> {
        self.add_leg_state(call, leg, LegState::Ended)?;
        diesel::update(legs::table.find((
            call.to_string(),
            leg.switch.as_str(),
            leg.channel.as_str(),
        )))
        .set((
            legs::state.eq(LegState::Ended.word()),
            legs::ended.eq(self.moment.at),
            legs::cause.eq(cause.to_string()),
        ))
        .execute(self.conn)?;
        Ok(())
    }

    fn add_leg_state(&mut self, call: CallId, leg: &LegId, state: LegState) -> QueryResult<()> {
        let place = self.place_of(call)?.on(&leg.switch);
        add!(
            self,
            place,
            leg_states {
                call: call.to_string(),
                channel: leg.channel.as_str(),
                state: state.word(),
            }
        );
        Ok(())
    }
}

//! Offers to agents, and why they were made.

use crate::engine::explanation::Explanation;
use crate::engine::fact::OfferOutcome;
use crate::engine::id::{AgentId, CallId, LegId, OfferId, QueueId};
use crate::store::projection::{Taking, begin};
use crate::store::schema::{decisions, offers};
use crate::store::word::word;
use diesel::prelude::*;

impl Taking<'_> {
    pub(super) fn decided(
        &mut self,
        call: CallId,
        queue: &QueueId,
        offer: OfferId,
        explanation: &Explanation,
    ) -> QueryResult<()> {
        let place = self.place_of(call)?;
        let json = serde_json::to_string(explanation)
            .map_err(|error| diesel::result::Error::SerializationError(Box::new(error)))?;
        begin!(
            self,
            place,
            decisions {
                offer: offer.to_string(),
                call: call.to_string(),
                queue: queue.as_str(),
                agent: explanation.chosen.agent.as_str(),
                at: self.moment.at,
                explanation: json,
            }
        );
        Ok(())
    }

    pub(super) fn offered(
        &mut self,
        offer: OfferId,
        call: CallId,
        agent: &AgentId,
        leg: &LegId,
    ) -> QueryResult<()> {
        let place = self.place_of(call)?.on(&leg.switch);
        begin!(
            self,
            place,
            offers {
                offer: offer.to_string(),
                channel: leg.channel.as_str(),
                call: call.to_string(),
                agent: agent.as_str(),
                started: self.moment.at,
            }
        );
        Ok(())
    }

    pub(super) fn offer_ended(&mut self, offer: OfferId, outcome: OfferOutcome) -> QueryResult<()> {
        diesel::update(offers::table.find(offer.to_string()))
            .set((
                offers::ended.eq(self.moment.at),
                offers::outcome.eq(word(&outcome)),
            ))
            .execute(self.conn)?;
        Ok(())
    }
}

//! Offers to agents, and why they were made.

use crate::engine::explanation::Explanation;
use crate::engine::fact::OfferOutcome;
use crate::engine::id::{AgentId, CallId, LegId, OfferId, QueueId};
use crate::store::AnyConnection;
use crate::store::projection::rows::{Rows, Shape, Table, run};
use crate::store::projection::{BEGUN, Taking};
use crate::store::word::word;
use diesel::QueryResult;
use std::collections::BTreeMap;

const OFFERS: Table = Table {
    name: "offers",
    shape: Shape {
        first: BEGUN,
        second: &[
            ("offer", "TEXT"),
            ("channel", "TEXT"),
            ("call", "TEXT"),
            ("agent", "TEXT"),
            ("started", "BIGINT"),
        ],
    },
};

const DECISIONS: Table = Table {
    name: "decisions",
    shape: Shape {
        first: BEGUN,
        second: &[
            ("offer", "TEXT"),
            ("call", "TEXT"),
            ("queue", "TEXT"),
            ("agent", "TEXT"),
            ("at", "BIGINT"),
            ("explanation", "TEXT"),
        ],
    },
};

const ENDED: Shape = Shape {
    first: &[("offer", "TEXT")],
    second: &[("ended", "BIGINT"), ("outcome", "TEXT")],
};

/// What a batch says of offers.
#[derive(Default)]
pub(super) struct Offers {
    begun: Rows,
    decided: Rows,
    ended: BTreeMap<OfferId, (i64, String)>,
}

impl Taking<'_> {
    pub(super) fn decided(
        &mut self,
        call: CallId,
        queue: &QueueId,
        offer: OfferId,
        explanation: &Explanation,
    ) -> QueryResult<()> {
        let place = self.place_of(call);
        let json = serde_json::to_string(explanation)
            .map_err(|error| diesel::result::Error::SerializationError(Box::new(error)))?;
        let row = (
            offer.to_string(),
            call.to_string(),
            queue,
            &explanation.chosen.agent,
            self.moment.at,
            json,
        );
        self.offers.decided.push(place.values(), row)
    }

    pub(super) fn offered(
        &mut self,
        offer: OfferId,
        call: CallId,
        agent: &AgentId,
        leg: &LegId,
    ) -> QueryResult<()> {
        let place = self.place_of(call).on(&leg.switch);
        let row = (
            offer.to_string(),
            &leg.channel,
            call.to_string(),
            agent,
            self.moment.at,
        );
        self.offers.begun.push(place.values(), row)
    }

    pub(super) fn offer_ended(&mut self, offer: OfferId, outcome: OfferOutcome) {
        let ended = (self.moment.at, word(&outcome));
        self.offers.ended.insert(offer, ended);
    }
}

impl Offers {
    pub(super) fn write(self, conn: &mut AnyConnection) -> QueryResult<()> {
        OFFERS.add(conn, self.begun)?;
        DECISIONS.add(conn, self.decided)?;
        let mut rows = Rows::default();
        for (offer, ended) in self.ended {
            rows.push((offer.to_string(),), ended)?;
        }
        run(conn, ENDED, rows, |source| {
            format!(
                "UPDATE offers SET ended = r.ended, outcome = r.outcome \
                 FROM {source} WHERE offers.offer = r.offer"
            )
        })
    }
}

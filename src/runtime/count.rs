//! What is counted and logged of the facts: all that should not have happened.

use crate::engine::fact::Fact;

/// Counts a fact, and logs it where somebody should know.
pub(super) fn count(fact: &Fact) {
    match fact {
        Fact::Drift {
            switch,
            kind,
            call,
            leg,
        } => {
            let labels = [
                ("switch", switch.to_string()),
                ("kind", kind.word().to_owned()),
            ];
            metrics::counter!("switchyard_drift_total", &labels).increment(1);
            tracing::warn!(
                %switch, kind = kind.word(), call = call.map(tracing::field::display),
                leg = leg.as_ref().map(tracing::field::display),
                "controller and switch disagreed; the controller follows the switch"
            );
        }
        Fact::Overdue { stuck, call, agent } => {
            metrics::counter!("switchyard_overdue_total", "stuck" => stuck.word()).increment(1);
            tracing::warn!(
                stuck = stuck.word(),
                call = call.map(tracing::field::display),
                agent = agent.as_ref().map(tracing::field::display),
                "something stayed in a passing state beyond its deadline and was freed"
            );
        }
        Fact::OfferMissed {
            agent,
            queue,
            missed,
            in_a_row,
            notify,
            ..
        } => {
            let labels = [
                ("queue", queue.to_string()),
                ("missed", missed.word().to_owned()),
            ];
            metrics::counter!("switchyard_offers_missed_total", &labels).increment(1);
            if *notify {
                metrics::counter!("switchyard_agents_missing_total", &labels).increment(1);
                tracing::warn!(
                    %agent, %queue, missed = missed.word(), in_a_row,
                    "an agent misses calls; supervisors are to know"
                );
            }
        }
        _ => {}
    }
}

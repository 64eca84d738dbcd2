//! Whether the engine's state is what its facts say, and whether anything is left
//! of them at the end.

use super::{Ledger, Sums};
use crate::engine::Engine;
use crate::engine::id::{CallId, QueueId};
use crate::simulation::violation::Violation;
use std::collections::{BTreeMap, BTreeSet};

impl Ledger {
    /// Whether the engine's state is what its facts say. Takes time
    /// proportional to calls and agents.
    ///
    /// # Errors
    /// The first difference.
    pub fn compare(&self, engine: &Engine) -> Result<(), Violation> {
        let untold = |call, facts: String, engine: String| Violation::Untold {
            call,
            facts,
            engine,
        };
        let mut seen = 0;
        for view in engine.calls() {
            seen += 1;
            let Some(known) = self.calls.get(&view.call) else {
                let engine = format!("it is {}", view.state.word());
                return Err(untold(view.call, "it is not alive".to_owned(), engine));
            };
            if known.state != view.state || known.caller != *view.caller {
                let facts = format!("it is {} on {}", known.state.word(), known.caller);
                let engine = format!("it is {} on {}", view.state.word(), view.caller);
                return Err(untold(view.call, facts, engine));
            }
            let told = known.places.iter();
            let told: Vec<_> = told
                .map(|place| (&place.queue, place.priority, place.entered))
                .collect();
            let held: Vec<_> = view.places().collect();
            if told != held {
                let (facts, engine) = (format!("{told:?}"), format!("{held:?}"));
                return Err(untold(view.call, facts, engine));
            }
            let rung = known.offers.values().map(|agent| (agent, false));
            let talks = known.agent.iter().map(|agent| (agent, true));
            let told: BTreeSet<_> = rung.chain(talks).collect();
            let rung = view.ringing().map(|agent| (agent, false));
            let held: BTreeSet<_> = rung.chain(view.agent).collect();
            if told != held && !view.is_ending {
                let (facts, engine) = (format!("{told:?}"), format!("{held:?}"));
                return Err(untold(view.call, facts, engine));
            }
        }
        for view in engine.calls() {
            let told: BTreeSet<_> = self.parties.parties_of(view.call).collect();
            let held: BTreeSet<_> = view.parties().collect();
            if told != held {
                let (facts, engine) = (format!("{told:?}"), format!("{held:?}"));
                return Err(untold(view.call, facts, engine));
            }
        }
        self.compare_callbacks(engine)?;
        if seen != self.calls.len() {
            let alive: BTreeSet<CallId> = engine.calls().map(|view| view.call).collect();
            let gone = self.calls.iter().find(|(call, _)| !alive.contains(call));
            if let Some((call, known)) = gone {
                let facts = format!("it is {}", known.state.word());
                return Err(untold(*call, facts, "it is not alive".to_owned()));
            }
        }
        for view in engine.agents() {
            let known = self.agents.get(view.agent);
            if known.is_none_or(|known| known.state != *view.state || known.call != view.call) {
                return Err(Violation::UntoldAgent {
                    agent: view.agent.clone(),
                    facts: format!("{known:?}"),
                    engine: format!("{:?} on {:?}", view.state, view.call),
                });
            }
        }
        self.check_sums()
    }

    fn compare_callbacks(&self, engine: &Engine) -> Result<(), Violation> {
        let told: BTreeSet<_> = self.promises.open().collect();
        let held = engine.callbacks();
        let held: BTreeSet<_> = held.map(|(id, state)| (id, Some(state))).collect();
        match told == held {
            true => Ok(()),
            false => Err(Violation::UntoldCallback {
                facts: format!("{told:?}"),
                engine: format!("{held:?}"),
            }),
        }
    }

    /// Whether everything that began has ended, and every promise is kept or given up.
    ///
    /// # Errors
    /// What was left behind.
    pub fn judge_end(&self, engine: &Engine) -> Result<(), Violation> {
        if let Some((callback, state)) = self.promises.open().next() {
            let state = state.unwrap_or("requested");
            return Err(Violation::StuckCallback { callback, state });
        }
        if let Some((recording, call)) = self.promises.open_message() {
            return Err(Violation::StuckMessage { call, recording });
        }
        match self.parties.open_leg() {
            Some((leg, call)) if !engine.is_idle_line(leg) => Err(Violation::LegNeverEnded {
                leg: leg.clone(),
                call,
            }),
            _ => Ok(()),
        }
    }

    fn check_sums(&self) -> Result<(), Violation> {
        let off = |what: String| Err(Violation::Sum { what });
        let live = self.calls.len() as u64;
        let Sums {
            started,
            ended,
            offers,
            ..
        } = self.sums;
        if started != live + ended {
            return off(format!("{started} calls began, {live} live, {ended} ended"));
        }
        let open = self.offers.len() as u64;
        let settled: u64 = self.sums.offers_ended.values().sum();
        if offers != open + settled {
            return off(format!("{offers} offers, {open} open, {settled} ended"));
        }
        let mut inside: BTreeMap<&QueueId, u64> = BTreeMap::new();
        for place in self.calls.values().flat_map(|call| &call.places) {
            *inside.entry(&place.queue).or_default() += 1;
        }
        for (queue, sums) in &self.sums.queues {
            let waiting = inside.get(queue).copied().unwrap_or(0);
            let left = sums.answered + sums.abandoned + sums.failed + sums.elsewhere;
            if sums.entered != waiting + left {
                return off(format!(
                    "{} calls entered {queue}, {waiting} wait, {left} left",
                    sums.entered
                ));
            }
        }
        Ok(())
    }
}

//! The end of a simulation: faults have stopped, everything had time to settle,
//! and nobody may be left behind.

use crate::engine::Engine;
use crate::engine::agent::AgentState;
use crate::engine::id::{LegId, SwitchId};
use crate::simulation::violation::Violation;
use crate::switch::simulated::Simulation;
use std::collections::{BTreeMap, BTreeSet};

/// Whether nothing is under way: no call, no channel but standing legs, no agent
/// busy, no order open.
pub(super) fn is_at_rest(engine: &Engine, switches: &BTreeMap<SwitchId, Simulation>) -> bool {
    let idle = |id: &SwitchId, switch: &Simulation| {
        switch.channels().all(|channel| {
            engine.is_idle_line(&LegId {
                switch: id.clone(),
                channel: channel.clone(),
            })
        })
    };
    judge(engine, switches).is_ok()
        && switches
            .iter()
            .all(|(id, switch)| switch.link_is_up() && idle(id, switch))
}

/// # Errors
/// Who or what was left behind.
pub(super) fn judge(
    engine: &Engine,
    switches: &BTreeMap<SwitchId, Simulation>,
) -> Result<(), Violation> {
    if let Some(view) = engine.calls().next() {
        return Err(Violation::StuckCall {
            call: view.call,
            state: view.state.word(),
        });
    }
    let at_rest = |state: &AgentState| {
        matches!(
            state,
            AgentState::SignedOut | AgentState::Ready | AgentState::NotReady { .. }
        )
    };
    if let Some(view) = engine.agents().find(|view| !at_rest(view.state)) {
        return Err(Violation::StuckAgent {
            agent: view.agent.clone(),
            state: view.state.word(),
        });
    }
    let believed: BTreeSet<&LegId> = engine.legs().collect();
    let alive: BTreeSet<LegId> = switches
        .iter()
        .flat_map(|(id, switch)| {
            switch.channels().map(|channel| LegId {
                switch: id.clone(),
                channel: channel.clone(),
            })
        })
        .collect();
    if let Some(leg) = believed.iter().find(|leg| !alive.contains(**leg)) {
        return Err(Violation::StrayLeg {
            leg: (*leg).clone(),
            known: true,
        });
    }
    if let Some(leg) = alive.iter().find(|leg| !believed.contains(leg)) {
        return Err(Violation::StrayLeg {
            leg: leg.clone(),
            known: false,
        });
    }
    match engine.unanswered().next() {
        Some(command) => Err(Violation::Unanswered { command }),
        None => Ok(()),
    }
}

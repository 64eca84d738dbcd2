//! What if: a recorded day meets other settings.
//!
//! [`recorded`] takes from a journal what came from outside (a [`day`]), with
//! [`patience`] for those whose patience was not tried; [`player`] plays it to the
//! real engine, once with the settings of the journal and once with others;
//! [`tally`] counts what came out, beside what was recorded.

pub mod day;
mod patience;
pub mod player;
pub mod recorded;
pub mod tally;
#[cfg(test)]
mod tests;

use crate::engine::centre::Centre;
use crate::engine::event::AgentRequest;
use crate::engine::id::AgentId;
use crate::engine::time::Span;
use crate::store::moment::Moment;
use day::{Day, Presence};
use player::{Player, lean};
use recorded::{RecordError, Recorded};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use tally::{Course, Tally};

/// What was, what the settings in force make of it again, and what others make of it.
#[derive(Debug, PartialEq, Serialize)]
pub struct WhatIf {
    pub journal: String,
    pub from: Moment,
    pub to: Moment,
    pub seed: u64,
    pub within_ms: u64,
    /// As the journal has it.
    pub recorded: Course,
    /// The same day with the journal's settings: how far the play is from life.
    pub again: Course,
    /// The same day with the other settings.
    pub then: Course,
    /// What limits the comparison.
    pub remarks: Vec<String>,
}

/// Plays the day in the journal with its own settings and with `other`.
///
/// # Errors
/// [`RecordError`] when the journal holds no day.
pub fn run(journal: &Path, other: &Centre, within: Span, seed: u64) -> Result<WhatIf, RecordError> {
    let recorded = recorded::read(journal, seed)?;
    Ok(compare(journal, recorded, other, within, seed))
}

/// Plays a day that was read with its own settings and with `other`.
pub fn compare(
    journal: &Path,
    recorded: Recorded,
    other: &Centre,
    within: Span,
    seed: u64,
) -> WhatIf {
    let Recorded {
        day,
        centre,
        changes,
        holes,
        tally,
    } = recorded;
    let mut remarks = Vec::new();
    if changes > 0 {
        remarks.push(format!(
            "the settings changed {changes} times in the journal; it is played again with the last"
        ));
    }
    if holes > 0 {
        remarks.push(format!(
            "{holes} lines of the journal are missing or not understood"
        ));
    }
    let (with_others, new) = staffed(&day, &centre, other);
    if new > 0 {
        remarks.push(format!(
            "{new} agents are not in the journal; each keeps the hours of one who is"
        ));
    }
    let (again, then) = std::thread::scope(|threads| {
        let again = threads.spawn(|| course(&day, &centre, within, seed));
        let then = course(&with_others, other, within, seed);
        (again.join(), then)
    });
    let again = match again {
        Ok(again) => again,
        Err(panic) => std::panic::resume_unwind(panic),
    };
    WhatIf {
        journal: journal.display().to_string(),
        from: Moment::from_millis(day.begins.as_millis()),
        to: Moment::from_millis(day.ends.as_millis()),
        seed,
        within_ms: within.as_millis(),
        recorded: tally.course(day.ends, within),
        again,
        then,
        remarks,
    }
}

fn course(day: &Day, centre: &Centre, within: Span, seed: u64) -> Course {
    let mut tally = Tally::default();
    Player::new(day, &lean(centre), seed).play(&mut tally);
    tally.course(day.ends, within)
}

/// The day for settings with agents who are not in it: each keeps the hours of
/// one who is, of the same queue if there is one; of switches that are not in
/// the settings the calls come over the first. Gives how many agents are new.
fn staffed(day: &Day, before: &Centre, after: &Centre) -> (Day, usize) {
    let mut day = day.clone();
    if let Some(first) = after.switches.first() {
        let strangers = day.visits.iter_mut();
        strangers
            .filter(|visit| !after.switches.contains(&visit.switch))
            .for_each(|visit| visit.switch = first.clone());
    }
    let seen: BTreeSet<&AgentId> = day
        .presence
        .iter()
        .map(|presence| &presence.agent)
        .collect();
    let mut hours: BTreeMap<AgentId, Vec<Presence>> = BTreeMap::new();
    let new: Vec<&AgentId> = after
        .agents
        .keys()
        .filter(|agent| !before.agents.contains_key(*agent) && !seen.contains(agent))
        .collect();
    for presence in &day.presence {
        let known = hours.entry(presence.agent.clone()).or_default();
        known.push(presence.clone());
    }
    let mut added = Vec::new();
    for (nth, agent) in new.iter().enumerate() {
        let serves = &after.agents[*agent].queues;
        let like = |known: &&AgentId| {
            let settings = before.agents.get(*known);
            settings.is_some_and(|known| known.queues.iter().any(|queue| serves.contains(queue)))
        };
        let of_queue: Vec<&AgentId> = hours.keys().filter(like).collect();
        let model = match of_queue.as_slice() {
            [] => None,
            models => Some(models[nth % models.len()]),
        };
        match model.and_then(|model| hours.get(model)) {
            Some(hours) => added.extend(hours.iter().map(|presence| Presence {
                agent: (*agent).clone(),
                ..presence.clone()
            })),
            None => added.push(Presence {
                at: day.begins,
                agent: (*agent).clone(),
                request: AgentRequest::Ready,
            }),
        }
    }
    day.presence.extend(added);
    day.presence.sort_by_key(|presence| presence.at);
    (day, new.len())
}

//! Follows the first answered call through the store, stage by stage, and
//! believes only what is there.

use crate::cli::{CliError, Output, Verdict, calls};
use crate::clock;
use crate::engine::id::CallId;
use crate::store::Store;
use crate::store::calls::{self as store, CallDetail, CallFilter, Recording};
use crate::store::moment::Moment;
use crate::store::page::MAX_PAGE;
use sha2::{Digest, Sha256};
use std::fs;
use std::io;
use std::path::Path;
use std::time::Duration;
use tokio::time::{MissedTickBehavior, interval, timeout};

/// The whole check takes at most 60 s, start and end included.
const PATIENCE: Duration = Duration::from_secs(54);
const LOOK_EVERY: Duration = Duration::from_millis(250);

/// A conversation that is over at once may leave nothing to record.
const SHORTEST_TALK_MS: i64 = 1_000;

/// The stages of an answered call, in their order.
const STAGES: [&str; 9] = [
    "arrived", "answered", "greeting", "digit", "queued", "offered", "bridged", "recorded",
    "stored",
];

/// How far the followed call was seen to come.
#[derive(Default)]
struct Reached {
    /// How many of [`STAGES`].
    stages: usize,
    /// The call, as it was found last.
    call: Option<CallDetail>,
}

pub(super) struct Watch<'a> {
    store: &'a Store,
    recordings: &'a Path,
}

impl<'a> Watch<'a> {
    pub(super) fn new(store: &'a Store, recordings: &'a Path) -> Self {
        Self { store, recordings }
    }

    /// Prints each stage when it is in the store. Good only if all are; else the
    /// whole course of the call is printed.
    pub(super) async fn follow(&self, out: Output<'_>) -> Result<Verdict, CliError> {
        let begun = Moment::from_millis(clock::now().as_millis());
        let mut reached = Reached::default();
        let followed = timeout(PATIENCE, self.follow_all(out, &mut reached)).await;
        if let Ok(followed) = followed {
            return followed.map(|()| Verdict::Good);
        }
        writeln!(
            out,
            "not reached within {} s from {} on: {}",
            PATIENCE.as_secs(),
            begun.utc,
            STAGES[reached.stages..].join(", ")
        )?;
        if let Some(call) = &reached.call {
            calls::tell(out, call)?;
        }
        Ok(Verdict::Bad)
    }

    async fn follow_all(&self, out: Output<'_>, reached: &mut Reached) -> Result<(), CliError> {
        let mut ticks = interval(LOOK_EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut first = None;
        while reached.stages < STAGES.len() {
            ticks.tick().await;
            if first.is_none() {
                first = self.first_answered().await?;
            }
            let Some(id) = first else { continue };
            let Some(call) = store::show(self.store, id).await? else {
                continue;
            };
            let call = reached.call.insert(call);
            while let Some(stage) = STAGES.get(reached.stages) {
                let Some(seen) = self.stage(stage, call)? else {
                    break;
                };
                let after = seen.at.saturating_sub(call.call.started.ms);
                writeln!(
                    out,
                    "{stage:9} {:>3}.{:03} s  {}",
                    after / 1_000,
                    after % 1_000,
                    seen.what
                )?;
                out.flush()?;
                reached.stages += 1;
            }
        }
        Ok(())
    }

    /// The call that was with an agent first, and for long enough.
    async fn first_answered(&self) -> Result<Option<CallId>, CliError> {
        let filter = CallFilter {
            limit: Some(MAX_PAGE),
            ..CallFilter::default()
        };
        let page = store::list(self.store, filter).await?;
        let now = clock::now().as_millis();
        let talked = page.calls.iter().filter_map(|call| {
            let connected = call.connected.as_ref()?.ms;
            let until = call.ended.as_ref().map_or(now, |ended| ended.ms);
            (until - connected >= SHORTEST_TALK_MS).then_some((connected, &call.call))
        });
        match talked.min() {
            Some((_, call)) => Ok(Some(call.parse()?)),
            None => Ok(None),
        }
    }

    /// What the store has of a stage; `None` while it has nothing.
    fn stage(&self, stage: &str, call: &CallDetail) -> Result<Option<Seen>, CliError> {
        let summary = &call.call;
        let seen = match stage {
            "arrived" => Some(Seen::at(
                summary.started.ms,
                format!("{} dialled {}", summary.caller_number, summary.dialled),
            )),
            "answered" => {
                let caller = call.legs.iter().find(|leg| leg.role == "caller");
                let answered = caller.and_then(|leg| leg.answered.as_ref());
                answered.map(|at| Seen::at(at.ms, format!("on switch {}", summary.switch)))
            }
            "greeting" => call
                .blocks
                .iter()
                .find(|visit| visit.block != "answer")
                .map(|visit| {
                    Seen::at(
                        visit.at.ms,
                        format!("block {} of flow {}", visit.block, visit.flow),
                    )
                }),
            "digit" => call
                .digits
                .first()
                .map(|digit| Seen::at(digit.at.ms, format!("{} ({})", digit.key, digit.method))),
            "queued" => call
                .queue_visits
                .first()
                .map(|visit| Seen::at(visit.entered.ms, visit.queue.clone())),
            "offered" => call
                .offers
                .first()
                .map(|offer| Seen::at(offer.started.ms, offer.agent.clone())),
            "bridged" => {
                let agent = call.legs.iter().filter(|leg| leg.role == "agent");
                let bridged = agent
                    .flat_map(|leg| &leg.states)
                    .find(|state| state.state == "bridged");
                bridged
                    .map(|state| Seen::at(state.at.ms, summary.agent.clone().unwrap_or_default()))
            }
            "recorded" => match call.recordings.first() {
                Some(recording) => self.recorded(recording)?,
                None => None,
            },
            _ => summary.ended.as_ref().map(|ended| {
                let cause = summary.cause.as_deref().unwrap_or_default();
                Seen::at(
                    ended.ms,
                    format!(
                        "{} with {} legs, {} states, {cause}",
                        summary.call,
                        call.legs.len(),
                        call.states.len()
                    ),
                )
            }),
        };
        Ok(seen)
    }

    /// A recording counts when its file has the length and hash that the store says.
    fn recorded(&self, recording: &Recording) -> Result<Option<Seen>, CliError> {
        if let Some(why) = &recording.why {
            return Err(format!("the recording was lost: {why}").into());
        }
        let (Some(name), Some(sha256), Some(settled)) =
            (&recording.name, &recording.sha256, &recording.settled)
        else {
            return Ok(None);
        };
        let path = self.recordings.join(name);
        let found =
            hash(&path).map_err(|error| format!("{} cannot be read: {error}", path.display()))?;
        if found != *sha256 {
            return Err(format!(
                "{} has the hash {found}, and the store says {sha256}",
                path.display()
            )
            .into());
        }
        let seconds = recording.length_ms.unwrap_or_default() / 1_000;
        Ok(Some(Seen::at(
            settled.ms,
            format!("{name}, {seconds} s, sha256 {}…", &found[..12]),
        )))
    }
}

struct Seen {
    at: i64,
    what: String,
}

impl Seen {
    fn at(at: i64, what: String) -> Self {
        Self { at, what }
    }
}

fn hash(path: &Path) -> io::Result<String> {
    Ok(hex::encode(Sha256::digest(fs::read(path)?)))
}

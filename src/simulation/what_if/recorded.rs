//! Reads a day from a journal.
//!
//! A day of a large centre is gigabytes, of which little is needed: of most
//! entries only some facts are parsed, found by their names in the text.

use crate::engine::agent::AgentState;
use crate::engine::centre::Centre;
use crate::engine::event::{AgentRequest, Event};
use crate::engine::fact::{EndedBy, OfferOutcome, QueueExit};
use crate::engine::id::{AgentId, CallId, ChannelId, CommandId, LegId, OfferId, QueueId};
use crate::engine::leg::LegRole;
use crate::engine::time::{Span, Timestamp};
use crate::simulation::what_if::day::{Day, KeyPress, OfferSeen, Presence, Visit};
use crate::simulation::what_if::patience::{Survival, Wait};
use crate::simulation::what_if::tally::Tally;
use crate::store::journal::{Item, JournalError, Reader, Record};
use crate::switch::simulated::chance::Chance;
use crate::switch::{Arrival, Digit, SwitchEvent};
use memchr::memmem;
use serde::Deserialize;
use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{SyncSender, sync_channel};

/// A wrap-up that ended so much before its limit was ended by the agent.
const EARLY: Span = Span::millis(100);

/// Why nothing could be taken from a journal.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    #[error(transparent)]
    Journal(#[from] JournalError),
    #[error("the journal {} has no entries: name the folder of a controller that has taken calls", .0.display())]
    Empty(PathBuf),
    #[error("the journal {} has no settings in it: its first entries were removed after [journal] keep; \
             take one that has a start of the controller or a reload", .0.display())]
    NoSettings(PathBuf),
    #[error("no call arrives in the journal {}", .0.display())]
    NoCalls(PathBuf),
}

/// What a journal says.
pub struct Recorded {
    pub day: Day,
    /// The last settings in it.
    pub centre: Centre,
    /// How often the settings changed.
    pub changes: u32,
    /// Lines that were damaged or lost, and entries that are not understood.
    pub holes: u64,
    pub(super) tally: Tally,
}

#[derive(Default)]
struct Reading {
    needles: Needles,
    day: Day,
    centre: Option<Centre>,
    changes: u32,
    holes: u64,
    tally: Tally,
    stays: Vec<Stay>,
    channels: HashMap<ChannelId, usize>,
    calls: HashMap<CallId, usize>,
    offered: HashMap<OfferId, Timestamp>,
    agents: HashMap<AgentId, Agent>,
    playing: HashMap<CommandId, (String, Timestamp)>,
    /// Sum and number of what each list of prompts lasted.
    prompts: BTreeMap<String, (u64, u64)>,
}

/// What became of a visit.
#[derive(Clone, Default)]
struct Stay {
    plays: u32,
    last_play: Option<Timestamp>,
    queue: Option<QueueId>,
    entered: Option<Timestamp>,
    left: Option<(Timestamp, QueueExit)>,
    ended: Option<Timestamp>,
    by_caller: bool,
}

#[derive(Default)]
struct Agent {
    /// In wrap-up since then, until then, after the visit.
    wraps_up: Option<(Timestamp, Option<Timestamp>, Option<usize>)>,
}

/// The facts that are read; what else they hold is passed over.
#[derive(Deserialize)]
struct Entered {
    call: CallId,
    queue: QueueId,
}

#[derive(Deserialize)]
struct Left {
    call: CallId,
    queue: QueueId,
    reason: QueueExit,
}

#[derive(Deserialize)]
struct LegStarted {
    call: CallId,
    leg: LegId,
    role: LegRole,
}

#[derive(Deserialize)]
struct Offered {
    offer: OfferId,
}

#[derive(Deserialize)]
struct OfferEnded {
    offer: OfferId,
    outcome: OfferOutcome,
}

#[derive(Deserialize)]
struct Moved {
    agent: AgentId,
    state: AgentState,
    call: Option<CallId>,
    until: Option<Timestamp>,
}

#[derive(Deserialize)]
struct Ended {
    call: CallId,
    ended_by: EndedBy,
}

#[derive(Deserialize)]
struct Play {
    id: CommandId,
    command: PlayCommand,
}

#[derive(Deserialize)]
struct PlayCommand {
    channel: ChannelId,
    prompts: Vec<String>,
}

/// How facts and orders begin in the journal's text.
const FACT: &str = r#"{"type":"note","fact":""#;
const ORDER: &str = r#"{"type":"switch","id":"#;
const PLAY: &str = r#""do":"play","#;

/// What is looked for in every entry.
struct Needles {
    facts: memmem::Finder<'static>,
    plays: memmem::Finder<'static>,
}

impl Default for Needles {
    fn default() -> Self {
        Self {
            facts: memmem::Finder::new(FACT),
            plays: memmem::Finder::new(PLAY),
        }
    }
}

/// Items handed from the thread that reads to the one that understands.
const BATCH: usize = 1_024;
const BATCHES_WAITING: usize = 16;

/// Reads the journal in the folder `path`. What the record does not say (how
/// long somebody who left would have talked, how patient somebody was who was
/// answered) is drawn with `seed`.
///
/// # Errors
/// [`RecordError`] when it cannot be read, or holds too little.
pub fn read(path: &Path, seed: u64) -> Result<Recorded, RecordError> {
    let mut reader = Reader::open(path)?;
    let mut reading = Reading::default();
    let mut first = None;
    std::thread::scope(|threads| {
        let (batches, read) = sync_channel(BATCHES_WAITING);
        threads.spawn(move || hand_on(&mut reader, &batches));
        for batch in read {
            for item in batch? {
                match item {
                    Item::Entry(record) => {
                        first.get_or_insert(record.at);
                        reading.day.ends = reading.day.ends.max(record.at);
                        reading.holes += u64::from(reading.entry(&record).is_err());
                    }
                    Item::Lost(_) | Item::Damage { .. } => reading.holes += 1,
                }
            }
        }
        Ok::<_, JournalError>(())
    })?;
    let Some(first) = first else {
        return Err(RecordError::Empty(path.to_owned()));
    };
    reading.day.begins = first;
    let Some(centre) = reading.centre.take() else {
        return Err(RecordError::NoSettings(path.to_owned()));
    };
    if reading.day.visits.is_empty() {
        return Err(RecordError::NoCalls(path.to_owned()));
    }
    reading.complete(seed);
    Ok(Recorded {
        day: reading.day,
        centre,
        changes: reading.changes,
        holes: reading.holes,
        tally: reading.tally,
    })
}

/// Reads everything that is in the journal now, until nobody wants more.
fn hand_on(reader: &mut Reader, batches: &SyncSender<Result<Vec<Item>, JournalError>>) {
    loop {
        let mut items = Vec::with_capacity(BATCH);
        while items.len() < BATCH {
            match reader.read() {
                Ok(Some(item)) => items.push(item),
                Ok(None) => break,
                Err(error) => {
                    // Who does not want it any more has failed already.
                    let _ = batches.send(Err(error));
                    return;
                }
            }
        }
        if items.is_empty() || batches.send(Ok(items)).is_err() {
            return;
        }
    }
}

impl Reading {
    fn entry(&mut self, record: &Record) -> Result<(), serde_json::Error> {
        self.event(record.at, &record.event)?;
        let mut text = record.commands.as_str();
        while let Some(begin) = self.needles.facts.find(text.as_bytes()) {
            self.plays(record.at, &text[..begin])?;
            text = &text[begin..];
            self.fact(record.at, text)?;
            text = &text[FACT.len()..];
        }
        self.plays(record.at, text)
    }

    fn event(&mut self, at: Timestamp, text: &str) -> Result<(), serde_json::Error> {
        let of_switch = text.starts_with(r#"{"type":"switch""#);
        let is = |event: &str| text.contains(event);
        let wanted = match of_switch {
            true => {
                is(r#""event":"arrived""#)
                    || is(r#""event":"digit""#)
                    || is(r#""event":"playback_finished""#)
            }
            false => {
                text.starts_with(r#"{"type":"agent""#)
                    || text.starts_with(r#"{"type":"configured""#)
            }
        };
        if !wanted {
            return Ok(());
        }
        match serde_json::from_str(text)? {
            Event::Configured { centre } => {
                let before = self.centre.replace(*centre);
                self.changes += u32::from(before.is_some() && before != self.centre);
            }
            Event::Agent { agent, request } => self.asks(at, agent, request),
            Event::Switch { switch, event } => match event {
                SwitchEvent::Arrived(arrival) => self.arrives(at, switch, arrival),
                SwitchEvent::Digit { channel, digit } => self.presses(at, &channel, digit),
                SwitchEvent::PlaybackFinished { playback, .. } => self.played(at, playback),
                _ => {}
            },
            _ => {}
        }
        Ok(())
    }

    fn arrives(&mut self, at: Timestamp, switch: crate::engine::id::SwitchId, arrival: Arrival) {
        // One that comes back from a fallback path is known, or carries its place.
        if !arrival.variables.is_empty() || self.channels.contains_key(&arrival.channel) {
            return;
        }
        self.channels.insert(arrival.channel, self.day.visits.len());
        self.stays.push(Stay::default());
        self.day.visits.push(Visit {
            at,
            switch,
            caller_number: arrival.caller_number,
            dialled: arrival.dialled,
            keys: Vec::new(),
            hangs_up: None,
            patience: None,
            talk: Span::ZERO,
            wrap_up: None,
        });
    }

    fn presses(&mut self, at: Timestamp, channel: &ChannelId, digit: Digit) {
        let Some(nth) = self.channels.get(channel).copied() else {
            return;
        };
        let visit = &mut self.day.visits[nth];
        let stay = &self.stays[nth];
        visit.keys.push(KeyPress {
            nth: stay.plays.saturating_sub(1),
            after: at.since(stay.last_play.unwrap_or(visit.at)),
            digit,
        });
    }

    /// What the orders among some commands begin to play to callers.
    fn plays(&mut self, at: Timestamp, text: &str) -> Result<(), serde_json::Error> {
        if self.needles.plays.find(text.as_bytes()).is_none() {
            return Ok(());
        }
        for found in memmem::find_iter(text.as_bytes(), PLAY) {
            let Some(begin) = text[..found].rfind(ORDER) else {
                continue;
            };
            let Some(play) = first::<Play>(&text[begin..])? else {
                continue;
            };
            if let Some(nth) = self.channels.get(&play.command.channel) {
                let stay = &mut self.stays[*nth];
                stay.plays += 1;
                stay.last_play = Some(at);
            }
            self.playing
                .insert(play.id, (play.command.prompts.join(" "), at));
        }
        Ok(())
    }

    fn played(&mut self, at: Timestamp, playback: CommandId) {
        if let Some((prompts, since)) = self.playing.remove(&playback) {
            let (sum, count) = self.prompts.entry(prompts).or_default();
            *sum += at.since(since).as_millis();
            *count += 1;
        }
    }

    fn asks(&mut self, at: Timestamp, agent: AgentId, request: AgentRequest) {
        let known = self.agents.entry(agent.clone()).or_default();
        // Said by the wrap-up itself.
        if request == AgentRequest::Ready && known.wraps_up.is_some() {
            return;
        }
        self.day.presence.push(Presence { at, agent, request });
    }

    fn fact(&mut self, at: Timestamp, text: &str) -> Result<(), serde_json::Error> {
        let name = &text[FACT.len()..];
        let name = &name[..name.find('"').unwrap_or(0)];
        match name {
            "call_started" => self.tally.called(),
            "leg_started" => self.leg_started(first(text)?),
            "queue_entered" => self.entered(at, first(text)?),
            "queue_left" => self.left(at, first(text)?),
            "offered" => {
                let offered: Option<Offered> = first(text)?;
                self.offered
                    .extend(offered.map(|offered| (offered.offer, at)));
            }
            "offer_ended" => self.offer_ended(at, first(text)?),
            "agent_moved" => self.moved(at, first(text)?),
            "call_ended" => self.ended(at, first(text)?),
            _ => {}
        }
        Ok(())
    }

    fn leg_started(&mut self, fact: Option<LegStarted>) {
        let Some(LegStarted {
            call,
            leg,
            role: LegRole::Caller,
        }) = fact
        else {
            return;
        };
        if let Some(nth) = self.channels.get(&leg.channel) {
            self.calls.insert(call, *nth);
        }
    }

    fn entered(&mut self, at: Timestamp, fact: Option<Entered>) {
        let Some(Entered { call, queue }) = fact else {
            return;
        };
        self.tally.entered(call, &queue, at);
        if let Some(nth) = self.calls.get(&call) {
            let stay = &mut self.stays[*nth];
            stay.entered.get_or_insert(at);
            stay.queue = Some(queue);
        }
    }

    fn left(&mut self, at: Timestamp, fact: Option<Left>) {
        let Some(Left {
            call,
            queue,
            reason,
        }) = fact
        else {
            return;
        };
        self.tally.left(call, &queue, reason, at);
        if let Some(nth) = self.calls.get(&call) {
            self.stays[*nth].left = Some((at, reason));
        }
    }

    fn offer_ended(&mut self, at: Timestamp, fact: Option<OfferEnded>) {
        let Some(OfferEnded { offer, outcome }) = fact else {
            return;
        };
        self.tally.offer_ended(outcome);
        let Some(since) = self.offered.remove(&offer) else {
            return;
        };
        // How it would have gone on is not known.
        if !matches!(
            outcome,
            OfferOutcome::CallerLeft | OfferOutcome::Withdrawn | OfferOutcome::AnsweredElsewhere
        ) {
            let after = at.since(since);
            self.day.offers.push(OfferSeen { outcome, after });
        }
    }

    fn moved(&mut self, at: Timestamp, fact: Option<Moved>) {
        let Some(Moved {
            agent,
            state,
            call,
            until,
        }) = fact
        else {
            return;
        };
        self.tally.agent_moved(&agent, &state, at);
        let is_new = !self.agents.contains_key(&agent);
        let known = self.agents.entry(agent.clone()).or_default();
        if let Some((since, limit, Some(nth))) = known.wraps_up.take()
            && limit.is_some_and(|limit| at + EARLY < limit)
        {
            self.day.visits[nth].wrap_up = Some(at.since(since));
        }
        let is_there = match state {
            AgentState::WrapUp => {
                let nth = call.and_then(|call| self.calls.get(&call)).copied();
                known.wraps_up = Some((at, until, nth));
                true
            }
            AgentState::Ready
            | AgentState::Offered
            | AgentState::OnCall
            | AgentState::Hold
            | AgentState::Consult => true,
            AgentState::SignedOut | AgentState::NotReady { .. } => false,
        };
        if is_new && is_there {
            // There since before the journal begins.
            let request = AgentRequest::Ready;
            self.day.presence.push(Presence {
                at: Timestamp::default(),
                agent,
                request,
            });
        }
    }

    fn ended(&mut self, at: Timestamp, fact: Option<Ended>) {
        let Some(Ended { call, ended_by }) = fact else {
            return;
        };
        if let Some(nth) = self.calls.remove(&call) {
            self.stays[nth].ended = Some(at);
            self.stays[nth].by_caller = ended_by == EndedBy::Caller;
        }
    }

    /// Draws what the record does not say.
    fn complete(&mut self, seed: u64) {
        let prompts = std::mem::take(&mut self.prompts).into_iter();
        self.day.prompts = prompts
            .map(|(names, (sum, count))| (names, Span::millis(sum / count.max(1))))
            .collect();
        for presence in &mut self.day.presence {
            presence.at = presence.at.max(self.day.begins);
        }
        self.day.presence.sort_by_key(|presence| presence.at);
        let (mut talks, mut waits) = (BTreeMap::new(), BTreeMap::new());
        for stay in &self.stays {
            let Some(queue) = &stay.queue else { continue };
            if let Some(talk) = stay.talk() {
                talks
                    .entry(queue.clone())
                    .or_insert_with(Vec::new)
                    .push(talk);
            }
            if let Some(wait) = stay.wait() {
                waits
                    .entry(queue.clone())
                    .or_insert_with(Vec::new)
                    .push(wait);
            }
        }
        let patience: BTreeMap<QueueId, Survival> = waits
            .into_iter()
            .map(|(queue, waits)| (queue, Survival::of(waits)))
            .collect();
        let every: Vec<Span> = talks.values().flatten().copied().collect();
        let mut chance = Chance::new(seed, "what was not recorded");
        for (visit, stay) in self.day.visits.iter_mut().zip(&self.stays) {
            let queue = stay.queue.as_ref();
            let pool = queue.and_then(|queue| talks.get(queue)).unwrap_or(&every);
            let drawn = chance.pick(pool).copied().unwrap_or_default();
            visit.talk = stay.talk().unwrap_or(drawn);
            let survival = queue.and_then(|queue| patience.get(queue));
            visit.patience = match (stay.wait(), survival) {
                (Some(Wait { lasted, left: true }), _) => Some(lasted),
                (Some(wait), Some(survival)) => survival.beyond(wait.lasted, &mut chance),
                (None, Some(survival)) => survival.beyond(Span::ZERO, &mut chance),
                (_, None) => None,
            };
            let left_flow = stay.ended.filter(|_| stay.by_caller && queue.is_none());
            visit.hangs_up = left_flow.map(|ended| ended.since(visit.at));
        }
    }
}

impl Stay {
    fn talk(&self) -> Option<Span> {
        let (answered, _) = self.left.filter(|(_, exit)| *exit == QueueExit::Answered)?;
        Some(self.ended?.since(answered))
    }

    fn wait(&self) -> Option<Wait> {
        let (at, exit) = self.left?;
        Some(Wait {
            lasted: at.since(self.entered?),
            left: exit == QueueExit::Abandoned,
        })
    }
}

/// The JSON value that a text begins with.
fn first<'a, T: Deserialize<'a>>(text: &'a str) -> Result<Option<T>, serde_json::Error> {
    serde_json::Deserializer::from_str(text)
        .into_iter()
        .next()
        .transpose()
}

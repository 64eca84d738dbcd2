//! The people at the far ends: callers who call, listen, press keys, wait and
//! give up, and agents whose devices ring, are answered or not. They learn what
//! a person would hear and act on the model as a far end would.

use crate::engine::cause::Cause;
use crate::engine::centre::Centre;
use crate::engine::id::ChannelId;
use crate::engine::ivr::flow::Block;
use crate::engine::text::OutsideText;
use crate::engine::time::{Span, Timestamp};
use crate::switch::simulated::agenda::{Agenda, Ticket};
use crate::switch::simulated::chance::{Chance, PerMille};
use crate::switch::simulated::happening::Happening;
use crate::switch::simulated::model::{Model, NewCall};
use crate::switch::simulated::tally::Tally;
use crate::switch::{Extension, Key, SwitchEvent};
use std::collections::{BTreeMap, BTreeSet};

/// Whom callers call and which keys they know.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Population {
    /// Access numbers, called equally often.
    pub numbers: Vec<String>,
    /// Keys that lead somewhere; without any, callers press none.
    pub keys: Vec<Key>,
}

impl Population {
    /// Callers of all access numbers of a centre, who press the keys of its menus.
    pub fn of(centre: &Centre) -> Self {
        let choices = |block: &Block| match block {
            Block::Menu { choices, .. } => choices.keys().map(|key| key.0).collect(),
            _ => Vec::new(),
        };
        let blocks = centre.flows.values().flat_map(|flow| flow.blocks.values());
        let keys: BTreeSet<Key> = blocks.flat_map(choices).collect();
        Self {
            numbers: centre.numbers.keys().cloned().collect(),
            keys: keys.into_iter().collect(),
        }
    }
}

/// How calls come in.
#[derive(Clone, Debug)]
pub struct Arrivals {
    /// Mean number a minute, exponentially spaced; 0 for none.
    pub per_minute: u32,
    /// Calls that come first, one every `burst_gap`, besides the others.
    pub burst: u32,
    pub burst_gap: Span,
    /// No call comes after this many.
    pub at_most: Option<u64>,
}

/// How callers behave.
#[derive(Clone, Debug)]
pub struct CallerHabits {
    /// Mean time a caller listens to music before giving up; endless without.
    pub patience: Option<Span>,
    /// Mean length of a conversation.
    pub talk: Span,
    /// From the begin of a prompt to the key.
    pub presses_after: (Span, Span),
    /// Share of prompts that are answered by no key.
    pub presses_nothing: PerMille,
    /// Share of conversations that the caller ends; the agent ends the others.
    pub hangs_up_first: PerMille,
}

/// How agents' devices and the agents behind them behave.
#[derive(Clone, Debug)]
pub struct DeviceHabits {
    pub answers_after: (Span, Span),
    pub no_answer: PerMille,
    pub busy: PerMille,
    pub rejects: PerMille,
    /// The devices that are reachable; all without.
    pub registered: Option<BTreeSet<Extension>>,
}

#[derive(Clone, Debug)]
pub struct PeopleSettings {
    pub population: Population,
    pub arrivals: Arrivals,
    pub callers: CallerHabits,
    pub devices: DeviceHabits,
}

impl PeopleSettings {
    /// Nobody calls by themselves; devices are answered within seconds.
    pub fn quiet(population: Population) -> Self {
        Self {
            population,
            arrivals: Arrivals {
                per_minute: 0,
                burst: 0,
                burst_gap: Span::millis(20),
                at_most: None,
            },
            callers: CallerHabits {
                patience: Some(Span::seconds(120)),
                talk: Span::seconds(30),
                presses_after: (Span::millis(500), Span::seconds(3)),
                presses_nothing: 0,
                hangs_up_first: 500,
            },
            devices: DeviceHabits {
                answers_after: (Span::seconds(1), Span::seconds(6)),
                no_answer: 0,
                busy: 0,
                rejects: 0,
                registered: None,
            },
        }
    }
}

/// A caller hears ringing no longer than this.
const RINGING_PATIENCE: Span = Span::seconds(60);
/// A caller stays in menus no longer than this.
const MENU_PATIENCE: Span = Span::seconds(600);
/// An agent who answered and hears nobody hangs up after this.
const SILENCE_PATIENCE: Span = Span::seconds(30);
/// A person whose partner left hangs up after this.
const ALONE: Span = Span::seconds(8);
/// A device starts to ring, or says that it is busy, after this.
const DEVICE_REACHED: Span = Span::millis(150);
/// From ringing to the reject button.
const REJECTS_AFTER: Span = Span::seconds(2);
/// Keys one caller presses at most.
const MAX_KEYS: u32 = 6;

const CALLER_NAMES: [&str; 12] = [
    "",
    "",
    "",
    "王伟",
    "李娜",
    "张敏",
    "刘洋",
    "陈静",
    "Emma Smith",
    "O'Brien, Pat",
    "赵磊",
    "Müller",
];

#[derive(Debug)]
enum Act {
    BurstCall { left: u32 },
    NextCall,
    Alert(ChannelId),
    PickUp(ChannelId),
    Press(ChannelId),
    Leave(ChannelId, Cause),
}

/// One person on one channel.
#[derive(Debug)]
struct Person {
    role: Role,
    /// The person leaves at this time unless something happens before.
    leaves: Option<Ticket>,
    keys_pressed: u32,
    waits: bool,
    talked: bool,
    left_by_choice: bool,
}

#[derive(Debug, PartialEq, Eq)]
enum Role {
    Caller,
    Device(Extension),
}

#[derive(Debug)]
pub struct People {
    settings: PeopleSettings,
    chance: Chance,
    agenda: Agenda<Act>,
    persons: BTreeMap<ChannelId, Person>,
    /// The leg each busy device is on.
    devices: BTreeMap<Extension, ChannelId>,
    tally: Tally,
}

impl People {
    pub fn new(settings: PeopleSettings, seed: u64) -> Self {
        Self {
            chance: Chance::new(seed, "people"),
            agenda: Agenda::default(),
            persons: BTreeMap::new(),
            devices: BTreeMap::new(),
            tally: Tally::default(),
            settings,
        }
    }

    /// Callers begin to call; until then nobody does by themselves.
    pub fn begin(&mut self, from: Timestamp) {
        if self.settings.arrivals.burst > 0 {
            self.agenda.add(
                from,
                Act::BurstCall {
                    left: self.settings.arrivals.burst,
                },
            );
        }
        self.plan_next_call(from);
    }

    pub fn tally(&self) -> &Tally {
        &self.tally
    }

    /// Callers on the line who have not talked with an agent yet.
    pub fn waiting(&self) -> usize {
        let waits = |person: &&Person| person.role == Role::Caller && !person.talked;
        self.persons.values().filter(waits).count()
    }

    pub fn next_deadline(&self) -> Option<Timestamp> {
        self.agenda.next()
    }

    /// Does the first thing due at or before `now`; false when nothing is.
    pub fn act(&mut self, now: Timestamp, model: &mut Model) -> bool {
        let Some(act) = self.agenda.take_due(now) else {
            return false;
        };
        match act {
            Act::BurstCall { left } => {
                self.call(now, model);
                if left > 1 {
                    let gap = self.settings.arrivals.burst_gap;
                    self.agenda
                        .add(now + gap, Act::BurstCall { left: left - 1 });
                }
            }
            Act::NextCall => {
                self.call(now, model);
                self.plan_next_call(now);
            }
            Act::Alert(channel) => model.alert(&channel),
            Act::PickUp(channel) => model.pick_up(&channel),
            Act::Press(channel) => {
                if let Some(key) = self.chance.pick(&self.settings.population.keys) {
                    model.press(&channel, *key);
                }
            }
            Act::Leave(channel, cause) => {
                if let Some(person) = self.persons.get_mut(&channel) {
                    person.left_by_choice = true;
                }
                model.leave(now, &channel, cause);
            }
        }
        true
    }

    /// One more call from outside, at once. None when every line is taken or
    /// no number is there to call.
    pub fn call(&mut self, at: Timestamp, model: &mut Model) -> Option<ChannelId> {
        let dialled = self.chance.pick(&self.settings.population.numbers)?.clone();
        let caller_number = if self.chance.happens(20) {
            String::new()
        } else {
            format!("139{:08}", self.chance.number(100_000_000))
        };
        let caller_name = self.chance.pick(&CALLER_NAMES).copied().unwrap_or_default();
        let call = NewCall {
            caller_number: OutsideText::new(&caller_number),
            caller_name: OutsideText::new(caller_name),
            dialled: OutsideText::new(&dialled),
        };
        self.tally.calls += 1;
        match model.arrive(at, call) {
            Ok(channel) => {
                let gives_up = Act::Leave(channel.clone(), Cause::OriginatorCancel);
                let leaves = self.agenda.add(at + RINGING_PATIENCE, gives_up);
                self.persons
                    .insert(channel.clone(), Person::new(Role::Caller, Some(leaves)));
                Some(channel)
            }
            Err(_) => {
                self.tally.blocked += 1;
                None
            }
        }
    }

    /// Lets the person on the channel the happening is about notice it.
    pub fn notice(&mut self, at: Timestamp, happening: &Happening) {
        match happening {
            Happening::Called { channel, extension } => self.device_called(at, channel, extension),
            Happening::HearsPrompt { channel } => self.hears_prompt(at, channel),
            Happening::HearsMusic { channel } => self.hears_music(at, channel),
            Happening::FellBack { .. } => self.tally.fallbacks += 1,
            Happening::Recorded(_) | Happening::HearsNothing { .. } => {}
            Happening::Event(SwitchEvent::Answered { channel }) => self.answered(at, channel),
            Happening::Event(SwitchEvent::Bridged { channel, peer }) => {
                self.talks(at, channel, peer);
            }
            Happening::Event(SwitchEvent::Unbridged { channel, peer }) => {
                for side in [channel, peer] {
                    self.leaves(side, at + ALONE, Cause::NormalClearing);
                }
            }
            Happening::Event(SwitchEvent::HungUp { channel, .. }) => self.gone(channel),
            Happening::Event(_) => {}
        }
    }

    fn plan_next_call(&mut self, from: Timestamp) {
        let Arrivals {
            per_minute,
            at_most,
            ..
        } = self.settings.arrivals;
        if per_minute == 0 || at_most.is_some_and(|most| self.tally.calls >= most) {
            return;
        }
        let gap = self
            .chance
            .around(Span::millis(60_000 / u64::from(per_minute)));
        self.agenda.add(from + gap, Act::NextCall);
    }

    fn device_called(&mut self, at: Timestamp, channel: &ChannelId, extension: &Extension) {
        self.tally.rung += 1;
        let reached = at + DEVICE_REACHED;
        let habits = &self.settings.devices;
        let refusal = if habits
            .registered
            .as_ref()
            .is_some_and(|all| !all.contains(extension))
        {
            Some(Cause::NotReachable)
        } else if self.devices.contains_key(extension) {
            self.tally.double_offered += 1;
            Some(Cause::UserBusy)
        } else {
            self.chance.happens(habits.busy).then_some(Cause::UserBusy)
        };
        let mut person = Person::new(Role::Device(extension.clone()), None);
        if let Some(cause) = refusal {
            person.leaves = Some(self.agenda.add(reached, Act::Leave(channel.clone(), cause)));
        } else {
            self.devices.insert(extension.clone(), channel.clone());
            self.agenda.add(reached, Act::Alert(channel.clone()));
            if self.chance.happens(self.settings.devices.rejects) {
                let rejects = Act::Leave(channel.clone(), Cause::Rejected);
                person.leaves = Some(self.agenda.add(reached + REJECTS_AFTER, rejects));
            } else if !self.chance.happens(self.settings.devices.no_answer) {
                let delay = self.chance.between(self.settings.devices.answers_after);
                self.agenda
                    .add(reached + delay, Act::PickUp(channel.clone()));
            }
        }
        self.persons.insert(channel.clone(), person);
    }

    fn answered(&mut self, at: Timestamp, channel: &ChannelId) {
        let Some(person) = self.persons.get(channel) else {
            return;
        };
        let patience = match person.role {
            Role::Caller => MENU_PATIENCE,
            Role::Device(_) => SILENCE_PATIENCE,
        };
        self.leaves(channel, at + patience, Cause::NormalClearing);
    }

    fn hears_prompt(&mut self, at: Timestamp, channel: &ChannelId) {
        let habits = &self.settings.callers;
        let Some(person) = self.persons.get_mut(channel) else {
            return;
        };
        if person.role != Role::Caller || person.keys_pressed >= MAX_KEYS {
            return;
        }
        if !self.chance.happens(habits.presses_nothing) {
            person.keys_pressed += 1;
            let delay = self.chance.between(habits.presses_after);
            self.agenda.add(at + delay, Act::Press(channel.clone()));
        }
    }

    fn hears_music(&mut self, at: Timestamp, channel: &ChannelId) {
        let Some(person) = self.persons.get_mut(channel) else {
            return;
        };
        if person.role != Role::Caller || std::mem::replace(&mut person.waits, true) {
            return;
        }
        match self.settings.callers.patience {
            Some(mean) => {
                let patience = self.chance.around(mean);
                self.leaves(channel, at + patience, Cause::NormalClearing);
            }
            None => self.stays(channel),
        }
    }

    fn talks(&mut self, at: Timestamp, channel: &ChannelId, peer: &ChannelId) {
        let length = self.chance.around(self.settings.callers.talk);
        let caller_ends = self.chance.happens(self.settings.callers.hangs_up_first);
        for side in [channel, peer] {
            self.stays(side);
            let Some(person) = self.persons.get_mut(side) else {
                continue;
            };
            let is_caller = person.role == Role::Caller;
            if is_caller && !std::mem::replace(&mut person.talked, true) {
                self.tally.answered += 1;
            }
            if is_caller == caller_ends {
                self.leaves(side, at + length, Cause::NormalClearing);
            }
        }
    }

    fn gone(&mut self, channel: &ChannelId) {
        self.stays(channel);
        let Some(person) = self.persons.remove(channel) else {
            return;
        };
        match person.role {
            Role::Device(extension) => {
                if self.devices.get(&extension) == Some(channel) {
                    self.devices.remove(&extension);
                }
            }
            Role::Caller if person.talked => {}
            Role::Caller if person.left_by_choice => self.tally.abandoned += 1,
            Role::Caller => self.tally.dropped += 1,
        }
    }

    /// Plans that the person leaves at a time, in place of an earlier plan.
    fn leaves(&mut self, channel: &ChannelId, at: Timestamp, cause: Cause) {
        self.stays(channel);
        if let Some(person) = self.persons.get_mut(channel) {
            person.leaves = Some(self.agenda.add(at, Act::Leave(channel.clone(), cause)));
        }
    }

    /// Drops the plan to leave.
    fn stays(&mut self, channel: &ChannelId) {
        if let Some(ticket) = self.persons.get_mut(channel).and_then(|p| p.leaves.take()) {
            self.agenda.cancel(ticket);
        }
    }
}

impl Person {
    fn new(role: Role, leaves: Option<Ticket>) -> Self {
        Self {
            role,
            leaves,
            keys_pressed: 0,
            waits: false,
            talked: false,
            left_by_choice: false,
        }
    }
}

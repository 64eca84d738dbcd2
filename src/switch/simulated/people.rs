//! The people at the far ends: callers who call, listen, press keys, wait and
//! give up, and agents whose devices ring, are answered or not. They learn what
//! a person would hear and act on the model as a far end would.

use crate::engine::cause::Cause;
use crate::engine::id::{ChannelId, PromptId};
use crate::engine::text::OutsideText;
use crate::engine::time::{Span, Timestamp};
use crate::switch::simulated::agenda::{Agenda, Ticket};
use crate::switch::simulated::chance::{Chance, PerMille};
use crate::switch::simulated::crowd::{Crowd, DeviceHabits, PhoneHabits};
use crate::switch::simulated::dialogue::Question;
use crate::switch::simulated::happening::Happening;
use crate::switch::simulated::model::{Model, NewCall};
use crate::switch::simulated::tally::Tally;
use crate::switch::{Extension, Key, SwitchEvent, Target};
use std::collections::BTreeMap;

pub use crate::switch::simulated::crowd::{PeopleSettings, Population};

/// A caller hears ringing no longer than this.
const RINGING_PATIENCE: Span = Span::seconds(60);
/// A caller stays in menus no longer than this.
const MENU_PATIENCE: Span = Span::seconds(600);
/// An agent who answered and hears nobody hangs up after this.
const SILENCE_PATIENCE: Span = Span::seconds(30);
/// A caller who hears nobody and nothing any more hangs up after this.
const ALONE: Span = Span::seconds(16);
/// The same for an agent, who may have put the caller on hold.
const AGENT_ALONE: Span = Span::seconds(45);
/// From a granted transfer to the end of the phone's call.
const GRANTED: Span = Span::millis(200);
/// From a bridge to the moment in which the switch parts the two by itself.
const STRAYS_AFTER: (Span, Span) = (Span::seconds(1), Span::seconds(12));
/// The mean length of a conversation in which nobody of a crowd takes part.
const TALK: Span = Span::seconds(30);
/// A device starts to ring, or says that it is busy, after this.
const DEVICE_REACHED: Span = Span::millis(150);
/// From ringing to the reject button.
const REJECTS_AFTER: Span = Span::seconds(2);
/// How long a caller speaks to a machine.
const MESSAGE: (Span, Span) = (Span::millis(500), Span::seconds(25));
/// From the first prompt heard at a number outside to the key that confirms.
const CONFIRMS_AFTER: Span = Span::millis(1_500);
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
    BurstCall {
        crowd: usize,
        left: u32,
    },
    NextCall {
        crowd: usize,
    },
    /// The rate of arrivals changes.
    NextRate {
        crowd: usize,
    },
    CallAgain(Box<Caller>),
    Alert(ChannelId),
    PickUp(ChannelId),
    Press(ChannelId),
    PressKey(ChannelId, Key),
    /// Press the key that shows somebody is there.
    Confirm(ChannelId),
    HoldKey(ChannelId),
    HoldKeyAgain(ChannelId),
    TransferKey {
        channel: ChannelId,
        to: String,
        /// The switch parts the two at once.
        parts: bool,
    },
    /// The switch takes the leg away from the others.
    Stray(ChannelId),
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
    left_message: bool,
    promised: bool,
    /// Hears nobody and nothing, and means to hang up.
    alone: bool,
    /// Has pressed the hold key.
    holds: bool,
    /// Their leg is kept from call to call.
    stands: bool,
}

#[derive(Debug, PartialEq, Eq)]
enum Role {
    Caller(Caller),
    Device(Target),
}

/// Somebody outside, over all of their calls.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Caller {
    crowd: usize,
    call: NewCall,
    /// How often this caller has called again.
    redials: u32,
}

/// One crowd with its own draws.
#[derive(Debug)]
struct Callers {
    crowd: Crowd,
    chance: Chance,
    calls: u64,
}

/// How each device behaves.
#[derive(Debug)]
struct Devices {
    usual: DeviceHabits,
    particular: BTreeMap<Extension, DeviceHabits>,
    outside: Option<DeviceHabits>,
}

impl Devices {
    fn habits_of(&self, to: &Target) -> &DeviceHabits {
        let particular = match to {
            Target::Extension(extension) | Target::Remote { extension, .. } => {
                self.particular.get(extension)
            }
            Target::Number(_) => self.outside.as_ref(),
        };
        particular.unwrap_or(&self.usual)
    }
}

#[derive(Debug)]
pub struct People {
    crowds: Vec<Callers>,
    devices: Devices,
    phones: PhoneHabits,
    strays: PerMille,
    chance: Chance,
    agenda: Agenda<Act>,
    began: Timestamp,
    persons: BTreeMap<ChannelId, Person>,
    /// The leg each busy device is on.
    busy: BTreeMap<Target, ChannelId>,
    tally: Tally,
    /// Callers who hung up because they heard nobody.
    left_alone: Vec<ChannelId>,
}

impl People {
    pub fn new(settings: PeopleSettings, seed: u64) -> Self {
        let callers = |crowd: Crowd| Callers {
            chance: Chance::new(seed, &crowd.name),
            crowd,
            calls: 0,
        };
        Self {
            crowds: settings.crowds.into_iter().map(callers).collect(),
            devices: Devices {
                usual: settings.devices,
                particular: settings.particular,
                outside: settings.outside,
            },
            phones: settings.phones,
            strays: settings.strays,
            chance: Chance::new(seed, "devices"),
            agenda: Agenda::default(),
            began: Timestamp::default(),
            persons: BTreeMap::new(),
            busy: BTreeMap::new(),
            tally: Tally::default(),
            left_alone: Vec::new(),
        }
    }

    /// Callers begin to call; until then nobody does by themselves.
    pub fn begin(&mut self, from: Timestamp) {
        self.began = from;
        for crowd in 0..self.crowds.len() {
            let left = self.crowds[crowd].crowd.arrivals.burst;
            if left > 0 {
                self.agenda.add(from, Act::BurstCall { crowd, left });
            }
            self.plan_next_call(from, crowd);
        }
    }

    pub fn tally(&self) -> &Tally {
        &self.tally
    }

    /// Callers on the line who have not talked with an agent yet.
    pub fn waiting(&self) -> usize {
        let waits = |person: &&Person| person.is_caller() && !person.talked;
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
            Act::BurstCall { crowd, left } => {
                self.call_of(now, crowd, model);
                if left > 1 {
                    let gap = self.crowds[crowd].crowd.arrivals.burst_gap;
                    let left = left - 1;
                    self.agenda.add(now + gap, Act::BurstCall { crowd, left });
                }
            }
            Act::NextCall { crowd } => {
                self.call_of(now, crowd, model);
                self.plan_next_call(now, crowd);
            }
            Act::NextRate { crowd } => self.plan_next_call(now, crowd),
            Act::CallAgain(caller) => {
                self.tally.redials += 1;
                self.dial(now, *caller, model);
            }
            Act::Alert(channel) => model.alert(&channel),
            Act::PickUp(channel) => model.pick_up(&channel),
            Act::Press(channel) => {
                let crowd = self.persons.get(&channel).and_then(Person::crowd);
                if let Some(Callers { crowd, chance, .. }) =
                    crowd.and_then(|crowd| self.crowds.get_mut(crowd))
                    && let Some(key) = chance.pick(&crowd.population.keys)
                {
                    model.press(&channel, *key);
                }
            }
            Act::PressKey(channel, key) => model.press(&channel, key),
            Act::Confirm(channel) => {
                if let Ok(key) = Key::try_from('1') {
                    model.press(&channel, key);
                }
            }
            Act::HoldKey(channel) => self.hold(now, &channel, model),
            Act::HoldKeyAgain(channel) => {
                model.release_hold(&channel);
                if let Some(person) = self.persons.get_mut(&channel) {
                    person.holds = false;
                    if person.leaves.is_none() {
                        self.hears_nobody(now, &channel);
                    }
                }
            }
            Act::TransferKey { channel, to, parts } => model.refer(now, &channel, &to, parts),
            Act::Stray(channel) => {
                self.tally.strayed += u64::from(model.stray(now, &channel));
            }
            Act::Leave(channel, cause) => {
                if let Some(person) = self.persons.get_mut(&channel) {
                    person.left_by_choice = true;
                    if person.alone && person.is_caller() {
                        self.tally.left_alone += 1;
                        self.left_alone.push(channel.clone());
                    }
                }
                model.leave(now, &channel, cause);
            }
        }
        true
    }

    /// One more call from the first crowd, at once. None when every line is
    /// taken or no number is there to call.
    pub fn call(&mut self, at: Timestamp, model: &mut Model) -> Option<ChannelId> {
        self.call_of(at, 0, model)
    }

    fn call_of(&mut self, at: Timestamp, crowd: usize, model: &mut Model) -> Option<ChannelId> {
        let callers = self.crowds.get_mut(crowd)?;
        let chance = &mut callers.chance;
        let dialled = chance.pick(&callers.crowd.population.numbers)?.clone();
        let caller_number = if chance.happens(20) {
            String::new()
        } else {
            format!("139{:08}", chance.number(100_000_000))
        };
        let caller_name = chance.pick(&CALLER_NAMES).copied().unwrap_or_default();
        callers.calls += 1;
        let caller = Caller {
            crowd,
            call: NewCall {
                caller_number: OutsideText::new(&caller_number),
                caller_name: OutsideText::new(caller_name),
                dialled: OutsideText::new(&dialled),
            },
            redials: 0,
        };
        self.dial(at, caller, model)
    }

    fn dial(&mut self, at: Timestamp, caller: Caller, model: &mut Model) -> Option<ChannelId> {
        self.tally.calls += 1;
        let Ok(channel) = model.arrive(at, caller.call.clone()) else {
            self.tally.blocked += 1;
            self.may_call_again(at, caller);
            return None;
        };
        let gives_up = Act::Leave(channel.clone(), Cause::OriginatorCancel);
        let leaves = self.agenda.add(at + RINGING_PATIENCE, gives_up);
        self.persons.insert(
            channel.clone(),
            Person::new(Role::Caller(caller), Some(leaves)),
        );
        Some(channel)
    }

    /// A caller who met no agent thinks of calling again.
    fn may_call_again(&mut self, at: Timestamp, mut caller: Caller) {
        let Some(Callers { crowd, chance, .. }) = self.crowds.get_mut(caller.crowd) else {
            return;
        };
        let redials = &crowd.habits.redials;
        if caller.redials >= redials.at_most || !chance.happens(redials.share) {
            return;
        }
        caller.redials += 1;
        let again = at + chance.between(redials.after);
        let over = crowd.arrivals.until.map(|until| self.began + until);
        if over.is_none_or(|over| again < over) {
            self.agenda.add(again, Act::CallAgain(Box::new(caller)));
        }
    }

    /// Lets the person on the channel the happening is about notice it.
    pub fn notice(&mut self, at: Timestamp, happening: &Happening) {
        match happening {
            Happening::Called {
                channel,
                to,
                stands,
            } => {
                self.device_called(at, channel, to);
                if let Some(person) = self.persons.get_mut(channel) {
                    person.stands = *stands;
                }
            }
            Happening::HearsPrompt { channel, prompts } => self.hears_prompt(at, channel, prompts),
            Happening::HearsMusic { channel } => self.hears_music(at, channel),
            Happening::RecordsMessage { channel, .. } => self.leaves_message(at, channel),
            Happening::Listens { channel } => self.listens(at, channel),
            Happening::TransferAnswered { channel, granted } => {
                if *granted {
                    self.leaves(channel, at + GRANTED, Cause::NormalClearing);
                }
            }
            Happening::FellBack { .. } => self.tally.fallbacks += 1,
            Happening::Recorded(_)
            | Happening::HearsRingBack { .. }
            | Happening::HearsNothing { .. } => {}
            Happening::Event(SwitchEvent::Answered { channel }) => self.answered(at, channel),
            Happening::Event(SwitchEvent::Bridged { channel, peer }) => {
                self.talks(at, channel, peer);
            }
            Happening::Event(SwitchEvent::Unbridged { channel, peer }) => {
                for side in [channel, peer] {
                    self.hears_nobody(at, side);
                }
            }
            Happening::Event(SwitchEvent::Joined { channel, .. }) => self.joins(at, channel),
            Happening::Event(SwitchEvent::Left { channel, .. }) => self.hears_nobody(at, channel),
            Happening::Event(SwitchEvent::HungUp { channel, .. }) => self.gone(at, channel),
            Happening::Event(_) => {}
        }
    }

    fn plan_next_call(&mut self, from: Timestamp, crowd: usize) {
        let began = self.began;
        let Some(callers) = self.crowds.get_mut(crowd) else {
            return;
        };
        let arrivals = &callers.crowd.arrivals;
        if arrivals.at_most.is_some_and(|most| callers.calls >= most) {
            return;
        }
        let (per_hour, changes) = arrivals.rate_at(from.since(began));
        let changes = changes.map(|changes| began + changes);
        let next = (per_hour > 0).then(|| {
            let gap = Span::millis(3_600_000 / u64::from(per_hour));
            from + callers.chance.around(gap)
        });
        let over = arrivals.until.map(|until| began + until);
        match (next, changes) {
            (next, Some(changes)) if next.is_none_or(|next| next >= changes) => {
                self.agenda.add(changes, Act::NextRate { crowd });
            }
            (Some(next), _) if over.is_none_or(|over| next < over) => {
                self.agenda.add(next, Act::NextCall { crowd });
            }
            _ => {}
        }
    }

    fn device_called(&mut self, at: Timestamp, channel: &ChannelId, to: &Target) {
        self.tally.rung += 1;
        let reached = at + DEVICE_REACHED;
        let habits = self.devices.habits_of(to);
        let refusal = if habits.registered.as_ref().is_some_and(|all| match to {
            Target::Extension(extension) | Target::Remote { extension, .. } => {
                !all.contains(extension)
            }
            Target::Number(_) => false,
        }) {
            Some(Cause::NotReachable)
        } else if self.busy.contains_key(to) {
            self.tally.double_offered += 1;
            Some(Cause::UserBusy)
        } else {
            self.chance.happens(habits.busy).then_some(Cause::UserBusy)
        };
        let mut person = Person::new(Role::Device(to.clone()), None);
        if let Some(cause) = refusal {
            person.leaves = Some(self.agenda.add(reached, Act::Leave(channel.clone(), cause)));
        } else {
            self.busy.insert(to.clone(), channel.clone());
            self.agenda.add(reached, Act::Alert(channel.clone()));
            if self.chance.happens(habits.rejects) {
                let rejects = Act::Leave(channel.clone(), Cause::Rejected);
                person.leaves = Some(self.agenda.add(reached + REJECTS_AFTER, rejects));
            } else if !self.chance.happens(habits.no_answer) {
                let delay = self.chance.between(habits.answers_after);
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
        if person.stands {
            // Silence is what they expect.
            return self.stays(channel);
        }
        let patience = match person.role {
            Role::Caller(_) => MENU_PATIENCE,
            Role::Device(_) => SILENCE_PATIENCE,
        };
        self.leaves(channel, at + patience, Cause::NormalClearing);
    }

    fn hears_prompt(&mut self, at: Timestamp, channel: &ChannelId, prompts: &[PromptId]) {
        if self.persons.get(channel).is_some_and(|person| person.alone) {
            self.leaves(channel, at + MENU_PATIENCE, Cause::NormalClearing);
        }
        let person = self.persons.get_mut(channel);
        if let Some(person) =
            person.filter(|person| person.is_outside() && person.keys_pressed == 0)
        {
            person.keys_pressed += 1;
            self.agenda
                .add(at + CONFIRMS_AFTER, Act::Confirm(channel.clone()));
        }
        let Some((person, callers)) = caller_on(&mut self.persons, &mut self.crowds, channel)
        else {
            return;
        };
        if let Some(question) = Question::of(prompts) {
            if question == Question::Promise && !std::mem::replace(&mut person.promised, true) {
                self.tally.promised += 1;
            }
            let habits = &callers.crowd.habits;
            for (at, key) in question.answer(at, habits, &mut callers.chance) {
                self.agenda.add(at, Act::PressKey(channel.clone(), key));
            }
            return;
        }
        if person.keys_pressed >= MAX_KEYS {
            return;
        }
        let habits = &callers.crowd.habits;
        if !callers.chance.happens(habits.presses_nothing) {
            person.keys_pressed += 1;
            let delay = callers.chance.between(habits.presses_after);
            self.agenda.add(at + delay, Act::Press(channel.clone()));
        }
    }

    fn hears_music(&mut self, at: Timestamp, channel: &ChannelId) {
        let Some((person, callers)) = caller_on(&mut self.persons, &mut self.crowds, channel)
        else {
            return;
        };
        if std::mem::replace(&mut person.waits, true) && !person.alone {
            return;
        }
        match callers.crowd.habits.patience {
            Some(mean) => {
                let patience = callers.chance.around(mean);
                self.leaves(channel, at + patience, Cause::NormalClearing);
            }
            None => self.stays(channel),
        }
    }

    /// A caller who leaves a message speaks, and then hangs up, presses `#` or
    /// waits for what comes.
    fn leaves_message(&mut self, at: Timestamp, channel: &ChannelId) {
        let Some((person, callers)) = caller_on(&mut self.persons, &mut self.crowds, channel)
        else {
            return;
        };
        person.left_message = true;
        let spoken = at + callers.chance.between(MESSAGE);
        match callers.chance.number(3) {
            0 => self.leaves(channel, spoken, Cause::NormalClearing),
            1 => {
                self.leaves(channel, at + MENU_PATIENCE, Cause::NormalClearing);
                self.agenda
                    .add(spoken, Act::PressKey(channel.clone(), Key::END));
            }
            _ => self.leaves(channel, at + MENU_PATIENCE, Cause::NormalClearing),
        }
    }

    fn talks(&mut self, at: Timestamp, channel: &ChannelId, peer: &ChannelId) {
        let sides = [channel, peer];
        let agents_talk = sides.iter().find_map(|side| match self.persons.get(side) {
            Some(Person {
                role: Role::Device(device),
                ..
            }) => self.devices.habits_of(device).talk,
            _ => None,
        });
        let crowd = sides
            .iter()
            .find_map(|side| self.persons.get(side).and_then(Person::crowd));
        let (length, far_ends) = match crowd.and_then(|crowd| self.crowds.get_mut(crowd)) {
            Some(Callers { crowd, chance, .. }) => (
                chance.around(agents_talk.unwrap_or(crowd.habits.talk)),
                chance.happens(crowd.habits.hangs_up_first),
            ),
            None => (
                self.chance.around(agents_talk.unwrap_or(TALK)),
                self.chance.happens(500),
            ),
        };
        let far = self.far_end(sides);
        for side in sides {
            self.stays(side);
            let Some(person) = self.persons.get_mut(side) else {
                continue;
            };
            if person.is_caller() && !std::mem::replace(&mut person.talked, true) {
                self.tally.answered += 1;
            }
            if (side == far) == far_ends {
                self.leaves(side, at + length, Cause::NormalClearing);
            }
            self.has_keys(at, side, length);
        }
        self.may_stray(at, far);
    }

    /// Of two who talk, the customer.
    fn far_end<'a>(&self, [one, other]: [&'a ChannelId; 2]) -> &'a ChannelId {
        let is =
            |side: &ChannelId, who: fn(&Person) -> bool| self.persons.get(side).is_some_and(who);
        let customer = is(one, Person::is_caller) || is(one, Person::is_outside);
        match customer && !is(other, Person::is_caller) {
            true => one,
            false => other,
        }
    }

    /// An agent's phone has keys of its own, which may be pressed before the end.
    fn has_keys(&mut self, at: Timestamp, channel: &ChannelId, length: Span) {
        let person = self.persons.get(channel);
        if !person.is_some_and(|person| matches!(person.role, Role::Device(Target::Extension(_)))) {
            return;
        }
        let channel = channel.clone();
        let soon = (Span::seconds(1), length);
        if self.chance.happens(self.phones.holds) {
            let at = at + self.chance.between(soon);
            self.agenda.add(at, Act::HoldKey(channel));
        } else if self.chance.happens(self.phones.refers)
            && let Some(to) = self.chance.pick(&self.phones.refers_to).cloned()
        {
            let at = at + self.chance.between(soon);
            let parts = self.chance.happens(500);
            self.agenda.add(at, Act::TransferKey { channel, to, parts });
        }
    }

    /// The hold key is pressed, and once more after a while.
    fn hold(&mut self, at: Timestamp, channel: &ChannelId, model: &mut Model) {
        if !model.press_hold(channel) {
            return;
        }
        self.stays(channel);
        if let Some(person) = self.persons.get_mut(channel) {
            person.holds = true;
        }
        let again = at + self.chance.between(self.phones.holds_for);
        self.agenda.add(again, Act::HoldKeyAgain(channel.clone()));
    }

    fn may_stray(&mut self, at: Timestamp, channel: &ChannelId) {
        if self.chance.happens(self.strays) {
            let at = at + self.chance.between(STRAYS_AFTER);
            self.agenda.add(at, Act::Stray(channel.clone()));
        }
    }

    /// Hears several others, until one of them has had enough.
    fn joins(&mut self, at: Timestamp, channel: &ChannelId) {
        let Some(person) = self.persons.get_mut(channel) else {
            return;
        };
        if person.is_caller() && !std::mem::replace(&mut person.talked, true) {
            self.tally.answered += 1;
        }
        let length = self.chance.around(TALK);
        self.leaves(channel, at + length, Cause::NormalClearing);
        self.may_stray(at, channel);
    }

    /// Hears others talk, until they know enough.
    fn listens(&mut self, at: Timestamp, channel: &ChannelId) {
        let length = self.chance.around(TALK);
        self.leaves(channel, at + length, Cause::NormalClearing);
    }

    /// The others are gone, or were taken away.
    fn hears_nobody(&mut self, at: Timestamp, channel: &ChannelId) {
        self.stays(channel);
        let Some(person) = self.persons.get(channel) else {
            return;
        };
        if person.stands || person.holds {
            return;
        }
        let patience = match person.role {
            Role::Device(Target::Extension(_) | Target::Remote { .. }) => AGENT_ALONE,
            Role::Caller(_) | Role::Device(Target::Number(_)) => ALONE,
        };
        self.leaves(channel, at + patience, Cause::NormalClearing);
        if let Some(person) = self.persons.get_mut(channel) {
            person.alone = true;
        }
    }

    /// The callers who hung up since the last look because they heard nobody.
    pub(super) fn take_left_alone(&mut self) -> Vec<ChannelId> {
        std::mem::take(&mut self.left_alone)
    }

    /// The switch restarted: everybody hears the line go dead.
    pub fn cut_off(&mut self, at: Timestamp) {
        for channel in self.persons.keys().cloned().collect::<Vec<_>>() {
            self.gone(at, &channel);
        }
    }
    fn gone(&mut self, at: Timestamp, channel: &ChannelId) {
        self.stays(channel);
        let Some(person) = self.persons.remove(channel) else {
            return;
        };
        match person.role {
            Role::Device(device) => {
                if self.busy.get(&device) == Some(channel) {
                    self.busy.remove(&device);
                }
            }
            Role::Caller(_) if person.talked => {}
            Role::Caller(caller) => {
                if person.left_by_choice || person.left_message || person.promised {
                    self.tally.abandoned += 1;
                } else {
                    self.tally.dropped += 1;
                }
                self.may_call_again(at, caller);
            }
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
        let Some(person) = self.persons.get_mut(channel) else {
            return;
        };
        person.alone = false;
        if let Some(ticket) = person.leaves.take() {
            self.agenda.cancel(ticket);
        }
    }
}

/// The caller on a channel, with the crowd they belong to.
fn caller_on<'a>(
    persons: &'a mut BTreeMap<ChannelId, Person>,
    crowds: &'a mut [Callers],
    channel: &ChannelId,
) -> Option<(&'a mut Person, &'a mut Callers)> {
    let person = persons.get_mut(channel)?;
    let callers = crowds.get_mut(person.crowd()?)?;
    Some((person, callers))
}

impl Person {
    fn is_caller(&self) -> bool {
        self.crowd().is_some()
    }

    /// Somebody rung at a number outside.
    fn is_outside(&self) -> bool {
        matches!(self.role, Role::Device(Target::Number(_)))
    }

    /// The caller's crowd.
    fn crowd(&self) -> Option<usize> {
        match &self.role {
            Role::Caller(caller) => Some(caller.crowd),
            Role::Device(_) => None,
        }
    }

    fn new(role: Role, leaves: Option<Ticket>) -> Self {
        Self {
            role,
            leaves,
            keys_pressed: 0,
            waits: false,
            talked: false,
            left_by_choice: false,
            left_message: false,
            promised: false,
            alone: false,
            holds: false,
            stands: false,
        }
    }
}

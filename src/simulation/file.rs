//! A scenario as it is written down: one TOML file. What is wrong in it is
//! reported all at once, each with its line, as for the configuration.

use crate::config::Config;
use crate::config::finding::{ConfigErrors, Findings};
use crate::config::section::{Reader, Section, section};
use crate::config::source::{self, Node, Value};
use crate::engine::centre::{AgentSettings, Centre, Line};
use crate::engine::event::AgentRequest;
use crate::engine::id::{AgentId, SwitchId};
use crate::engine::text::OutsideText;
use crate::engine::time::Span;
use crate::simulation::scenario::BEGIN;
use crate::simulation::scenario::{
    DeskPlan, Disk, Fault, FaultPlan, Planned, Request, Scenario, Spell, Weights,
};
use crate::switch::simulated::crowd::{
    Arrivals, CallbackHabits, CallerHabits, Crowd, DeviceHabits, PeopleSettings, PhoneHabits,
    Population, Rate, Redials,
};
use crate::switch::simulated::model::ModelSettings;
use crate::switch::simulated::wire::{Faults, LinkCuts, WireSettings};
use crate::switch::simulated::{PerMille, SimulationSettings};
use crate::switch::{Extension, Key};
use serde::{Deserialize, Deserializer};
use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroU32;
use std::path::Path;

/// A share of all cases, written in percent, down to a tenth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Percent(PerMille);

impl<'de> Deserialize<'de> for Percent {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Number {
            Whole(u16),
            Part(f64),
        }
        let wrong = || serde::de::Error::custom("must be a number of percent from 0 to 100");
        let percent = match Number::deserialize(deserializer).map_err(|_| wrong())? {
            Number::Whole(percent) => f64::from(percent),
            Number::Part(percent) => percent,
        };
        if !(0.0..=100.0).contains(&percent) {
            return Err(wrong());
        }
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "it was checked to lie from 0 to 100"
        )]
        Ok(Self((percent * 10.0).round() as PerMille))
    }
}

/// From and to, in the unit that the key's name says.
type Range = (u32, u32);

section! {
    /// What is simulated, and for how long.
    pub struct Head {
        /// Shown to people.
        required name: String = "酒店前台",
        /// Minutes during which callers call and faults happen.
        default lasts_min: NonZeroU32 = 60,
        /// Minutes after that in which everything must come to rest.
        default settles_min: NonZeroU32 = 60,
        /// A call answered within so many seconds is answered in time (service level).
        default answer_within_s: u32 = 20,
    }
}

section! {
    /// `[callers.<name>]`: callers of one kind.
    pub struct CallersConfig {
        /// The switch their calls come to; by default the first.
        optional switch: Option<SwitchId> = "sim",
        /// Access numbers they call, equally often; by default all.
        optional numbers: Option<Vec<String>> = ["4001"],
        /// Keys they press, one for each prompt, drawn; by default those of all menus.
        optional keys: Option<Vec<Key>> = ["1", "2"],
        /// Calls an hour.
        default per_hour: u32 = 60,
        /// In place of per_hour: [minute, calls an hour] from that minute on.
        optional rates: Option<Vec<Range>> = [[0, 30], [20, 120], [40, 30]],
        /// Calls that come at the beginning, one every 20 milliseconds.
        default burst: u32 = 0,
        /// No call comes after this many.
        optional at_most: Option<u64> = 500,
        /// Mean seconds a waiting caller is patient; without it, for ever.
        optional patience_s: Option<u32> = 90,
        /// Mean seconds of a conversation.
        default talk_s: u32 = 60,
        /// Milliseconds from the beginning of a prompt to the key.
        default presses_after_ms: Range = [500, 3000],
        /// Percent of prompts answered by no key.
        default presses_nothing_percent: Percent = 0,
        /// Percent of conversations that the caller ends.
        default hangs_up_first_percent: Percent = 50,
        /// Percent of callers who met no agent and call again.
        default redials_percent: Percent = 0,
        /// Seconds until they do.
        default redials_after_s: Range = [10, 60],
        /// How often at most.
        default redials_at_most: u32 = 3,
        /// Percent of callers told that they can be called back who want it.
        default wants_callback_percent: Percent = 0,
        /// Percent of them who name another number.
        default other_number_percent: Percent = 10,
        /// Percent of their answers that make no sense or take it back.
        default errs_percent: Percent = 5,
    }
}

section! {
    /// `[outside]`: how numbers outside behave that are dialled. Without the section
    /// they answer within seconds.
    pub struct OutsideConfig {
        /// Milliseconds from ringing to answering.
        default answers_after_ms: Range = [2000, 15000],
        /// Percent that nobody answers.
        default no_answer_percent: Percent = 0,
        /// Percent that are busy.
        default busy_percent: Percent = 0,
        /// Percent that are rejected.
        default rejects_percent: Percent = 0,
        /// Mean seconds of conversations with them.
        default talk_s: u32 = 30,
    }
}

section! {
    /// `[desk]`: what agents and supervisors ask for during calls, until `lasts_min`.
    pub struct DeskConfig {
        /// Mean seconds from one request of anybody to the next; without it nobody asks.
        optional asks_every_s: Option<NonZeroU32> = 3,
        /// How often the caller is put on hold, against the other requests that fit.
        default hold: u32 = 4,
        /// The same for blind transfers to agents, queues, flows and numbers.
        default transfer: u32 = 3,
        /// Consultations, which are completed, taken back or made a conference.
        default consult: u32 = 4,
        /// One more is rung and joins.
        default invite: u32 = 2,
        /// Parking, and taking up again.
        default park: u32 = 1,
        /// Digits sent to the far end.
        default send_digits: u32 = 1,
        /// The call is ended.
        default hang_up: u32 = 1,
        /// A ready agent dials a number.
        default dial: u32 = 1,
        /// A callback is asked for in a customer's stead.
        default arrange: u32 = 0,
        /// Who listens, whispers, barges in, takes over, pulls and ends others' calls.
        optional supervisors: Option<Vec<AgentId>> = ["wangfang"],
        /// Percent of the requests that are supervisors'.
        default supervision_percent: Percent = 20,
        /// Percent of the requests that are made whatever the moment.
        default out_of_turn_percent: Percent = 5,
        /// Percent of conversations in which an agent's phone holds by its own key.
        default hold_key_percent: Percent = 0,
        /// Seconds until the key is pressed again.
        default hold_key_s: Range = [2, 20],
        /// Percent of conversations that an agent's phone transfers by its own key (REFER).
        default transfer_key_percent: Percent = 0,
        /// What is dialled then; by default extensions, access numbers, queues, and nonsense.
        optional transfer_key_to: Option<Vec<String>> = ["1002", "4001"],
    }
}

section! {
    /// `[agents.<group>]`: how some of the centre's agents work. Agents in no group
    /// are ready all the time and behave as the defaults say.
    pub struct StaffConfig {
        /// Their ids.
        required agents: Vec<AgentId> = ["wangfang", "lina"],
        /// [from minute, to minute]: when they are there; by default all the time.
        optional shifts: Option<Vec<Range>> = [[0, 30], [35, 60]],
        /// [from minute, to minute]: when they are not ready.
        optional breaks: Option<Vec<Range>> = [[15, 20]],
        /// The reason they give for a break.
        default break_reason: String = "小休",
        /// Milliseconds from ringing to answering.
        default answers_after_ms: Range = [1000, 6000],
        /// Percent of offers that nobody answers.
        default no_answer_percent: Percent = 0,
        /// Percent of offers that find the device busy.
        default busy_percent: Percent = 0,
        /// Percent of offers that are rejected.
        default rejects_percent: Percent = 0,
        /// Whether their devices can be reached at all.
        default reachable: bool = true,
        /// Mean seconds of their conversations, in place of the callers' own.
        optional talk_s: Option<u32> = 90,
    }
}

section! {
    /// `[trunks.<switch>]`: what one switch can carry.
    pub struct TrunksConfig {
        /// Lines for callers; a call beyond them does not come in.
        default lines: u32 = 2000,
        /// Channels of any kind.
        default channels: u32 = 4000,
        /// Milliseconds from an order to its effect.
        default command_delay_ms: Range = [1, 4],
        /// Milliseconds from a happening to its event.
        default event_delay_ms: Range = [1, 6],
    }
}

section! {
    /// `[faults]`: what goes wrong until `lasts_min`. Everything may be left out.
    pub struct FaultsConfig {
        /// Percent of events that never arrive.
        default lost_events_percent: Percent = 0,
        /// Percent of events that arrive twice.
        default duplicated_events_percent: Percent = 0,
        /// Percent of events that those after them overtake.
        default reordered_events_percent: Percent = 0,
        /// Percent of events that are late by late_by_ms.
        default late_events_percent: Percent = 0,
        /// Percent of answers to orders that are late by late_by_ms.
        default late_answers_percent: Percent = 0,
        /// How late.
        default late_by_ms: u32 = 400,
        /// Percent of orders that a switch refuses.
        default failed_commands_percent: Percent = 0,
        /// Percent of bridges and conferences that a switch takes a leg out of by itself.
        default partings_percent: Percent = 0,
        /// Percent of orders that are lost without an answer.
        default lost_commands_percent: Percent = 0,
        /// Mean seconds from one cut of the link to the next.
        optional link_cuts_every_s: Option<NonZeroU32> = 300,
        /// Seconds a cut lasts.
        default link_cut_s: u32 = 8,
        /// Mean seconds from one crash of the controller to the next.
        optional crashes_every_s: Option<NonZeroU32> = 300,
        /// Milliseconds until it runs again.
        default crash_ms: Range = [200, 20000],
        /// Mean seconds from one restart of a switch to the next; all its calls are gone.
        optional switch_restarts_every_s: Option<NonZeroU32> = 1800,
        /// Seconds until it can be reached again.
        default switch_restart_s: Range = [2, 20],
        /// Mean seconds from one stall of the journal's disk to the next.
        optional disk_stalls_every_s: Option<NonZeroU32> = 120,
        /// Milliseconds a stall lasts.
        default disk_stall_ms: Range = [100, 5000],
        /// Mean seconds from one jump of the controller's clock to the next, forward or backward.
        optional clock_jumps_every_s: Option<NonZeroU32> = 600,
        /// Milliseconds it jumps.
        default clock_jump_ms: Range = [500, 30000],
        /// Milliseconds until an entry of the journal is durable.
        default commit_ms: Range = [1, 8],
        /// Single faults: { at_s = 90, fault = "crash", lasts_ms = 3000 }. Others are
        /// link_cut and switch_restart (with switch), disk_stall, clock_forward, clock_backward.
        optional planned: Option<Vec<PlannedConfig>> = [{ at_s = 90, fault = "crash", lasts_ms = 3000 }],
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlannedConfig {
    at_s: u32,
    fault: PlannedFault,
    /// How long it lasts, or how far the clock jumps.
    lasts_ms: u64,
    switch: Option<SwitchId>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum PlannedFault {
    Crash,
    LinkCut,
    SwitchRestart,
    DiskStall,
    ClockForward,
    ClockBackward,
}

/// Everything the file says.
struct Written {
    head: Head,
    centre: Centre,
    callers: BTreeMap<String, CallersConfig>,
    staff: BTreeMap<String, StaffConfig>,
    trunks: BTreeMap<SwitchId, TrunksConfig>,
    faults: FaultsConfig,
    outside: Option<OutsideConfig>,
    desk: Option<DeskConfig>,
}

impl Scenario {
    /// Reads the scenario at `path`. `overlay` are settings of `[faults]` given
    /// besides the file, as `key=value`.
    ///
    /// # Errors
    /// [`ConfigErrors`] with every finding, not only the first.
    pub fn load(path: &Path, overlay: &[(String, String)]) -> Result<Self, ConfigErrors> {
        let text = read(path)?;
        Self::parse(path, &text, overlay)
    }

    /// Reads `text`, which stands in the file `path`.
    ///
    /// # Errors
    /// [`ConfigErrors`] with every finding.
    pub fn parse(
        path: &Path,
        text: &str,
        overlay: &[(String, String)],
    ) -> Result<Self, ConfigErrors> {
        let mut findings = Findings::default();
        let mut root = source::parse(path, text, &mut findings);
        if findings.has_errors() {
            return Err(ConfigErrors::Found(findings.into_sorted()));
        }
        let prefix = source::ENVIRONMENT_PREFIX;
        let faults = overlay
            .iter()
            .map(|(key, value)| (format!("{prefix}FAULTS__{key}"), value.clone()));
        source::overlay(&mut root, faults);
        let folder = path.parent().unwrap_or(Path::new("."));
        let written = Written::read(root, folder, &mut findings)?;
        let scenario = written.and_then(|written| written.scenario(&mut findings));
        match scenario {
            Some(scenario) if !findings.has_errors() => Ok(scenario),
            _ => Err(ConfigErrors::Found(findings.into_sorted())),
        }
    }
}

fn read(path: &Path) -> Result<String, ConfigErrors> {
    std::fs::read_to_string(path).map_err(|why| ConfigErrors::Unreadable {
        path: path.to_owned(),
        why,
    })
}

impl Written {
    fn read(
        mut root: Node,
        folder: &Path,
        findings: &mut Findings,
    ) -> Result<Option<Self>, ConfigErrors> {
        let place = root.key.clone();
        let Value::Table(table) = &mut root.value else {
            return Ok(None);
        };
        let mut take = |name: &str| table.remove(name);
        let config = take("config");
        let (callers, staff) = (take("callers"), take("agents"));
        let (trunks, faults) = (take("trunks"), take("faults"));
        let (outside, desk) = (take("outside"), take("desk"));
        let centre = match config {
            Some(node) => read_centre(node, folder, findings)?,
            None => {
                let repair =
                    "add config = \"switchyard.toml\", or the centre itself below [config]";
                findings.error(&place, "config", "is missing", Some(repair.to_owned()));
                None
            }
        };
        let head = Reader::new(&root, "", folder, findings).and_then(Head::read);
        let faults = match faults {
            Some(node) => Reader::new(&node, "faults", folder, findings).and_then(Section::read),
            None => FaultsConfig::parse("").ok(),
        };
        let outside = one(outside, "outside", folder, findings);
        let desk = one(desk, "desk", folder, findings);
        let callers = tables(callers, "callers", folder, findings);
        let staff = tables(staff, "agents", folder, findings);
        let trunks = tables(trunks, "trunks", folder, findings);
        let (Some(head), Some(centre), Some(faults)) = (head, centre, faults) else {
            return Ok(None);
        };
        Ok(Some(Self {
            head,
            centre,
            callers,
            staff,
            trunks,
            faults,
            outside,
            desk,
        }))
    }

    fn scenario(self, findings: &mut Findings) -> Option<Scenario> {
        let nowhere = crate::config::finding::Place::Default;
        let mut wrong = |subject: String, what: String| {
            findings.error(&nowhere, &subject, what, None);
        };
        let known = |switch: &SwitchId| self.centre.switches.contains(switch);
        let (first, lasts) = (
            self.centre.switches.first()?.clone(),
            Span::seconds(self.head.lasts_min.get().saturating_mul(60)),
        );
        for (name, callers) in &self.callers {
            for switch in callers.switch.iter().filter(|switch| !known(switch)) {
                wrong(format!("callers.{name}.switch"), unknown("switch", switch));
            }
        }
        for switch in self.trunks.keys().filter(|switch| !known(switch)) {
            wrong(format!("trunks.{switch}"), unknown("switch", switch));
        }
        for (name, staff) in &self.staff {
            for agent in &staff.agents {
                if !self.centre.agents.contains_key(agent) {
                    wrong(format!("agents.{name}.agents"), unknown("agent", agent));
                }
            }
        }
        let supervisors = self.desk.iter().flat_map(|desk| &desk.supervisors);
        for agent in supervisors.flatten() {
            if !self.centre.agents.contains_key(agent) {
                wrong("desk.supervisors".to_owned(), unknown("agent", agent));
            }
        }
        let planned = self.faults.planned.iter().flatten();
        for fault in planned.clone() {
            for switch in fault.switch.iter().filter(|switch| !known(switch)) {
                wrong("faults.planned".to_owned(), unknown("switch", switch));
            }
        }
        let switches = self.centre.switches.iter();
        let switches = switches
            .map(|switch| (switch.clone(), self.switch(switch, &first, lasts)))
            .collect();
        Some(Scenario {
            lasts,
            settles: Span::seconds(self.head.settles_min.get().saturating_mul(60)),
            answer_within: Span::seconds(self.head.answer_within_s),
            switches,
            requests: self.requests(),
            desk: self.desk.as_ref().map(desk_plan).unwrap_or_default(),
            disk: Disk {
                commit: millis(self.faults.commit_ms),
            },
            faults: self.fault_plan(&first),
            name: self.head.name,
            centre: self.centre,
        })
    }

    fn switch(&self, id: &SwitchId, first: &SwitchId, lasts: Span) -> SimulationSettings {
        let defaults = TrunksConfig::parse("").ok();
        let trunks = self.trunks.get(id).or(defaults.as_ref());
        let mut model = ModelSettings::default();
        let mut wire = WireSettings::default();
        if let Some(trunks) = trunks {
            (model.lines, model.channels) = (trunks.lines, trunks.channels);
            wire.command_delay = millis(trunks.command_delay_ms);
            wire.event_delay = millis(trunks.event_delay_ms);
        }
        wire.faults = self.wire_faults();
        let crowds = self.callers.iter();
        let crowds = crowds
            .filter(|(_, callers)| callers.switch.as_ref().unwrap_or(first) == id)
            .map(|(name, callers)| self.crowd(name, callers, lasts));
        let mut people = PeopleSettings::of(crowds.collect());
        people.strays = self.faults.partings_percent.0;
        people.outside = self.outside.as_ref().map(habits_outside);
        if let Some(desk) = &self.desk {
            people.phones = phones(desk, &self.centre);
        }
        for staff in self.staff.values() {
            for agent in &staff.agents {
                if let Some(settings) = self.centre.agents.get(agent) {
                    let habits = habits(staff);
                    people.particular.insert(settings.extension.clone(), habits);
                }
            }
        }
        SimulationSettings {
            model,
            people,
            wire,
        }
    }

    fn crowd(&self, name: &str, callers: &CallersConfig, lasts: Span) -> Crowd {
        let all = Population::of(&self.centre);
        let rate = |(minute, per_hour): &Range| Rate {
            from: Span::seconds(minute.saturating_mul(60)),
            per_hour: *per_hour,
        };
        let rates = match &callers.rates {
            Some(rates) => rates.iter().map(rate).collect(),
            None => vec![rate(&(0, callers.per_hour))],
        };
        Crowd {
            name: name.to_owned(),
            population: Population {
                numbers: callers.numbers.clone().unwrap_or(all.numbers),
                keys: callers.keys.clone().unwrap_or(all.keys),
            },
            arrivals: Arrivals {
                per_minute: 0,
                rates,
                burst: callers.burst,
                burst_gap: Span::millis(20),
                at_most: callers.at_most,
                until: Some(lasts),
            },
            habits: CallerHabits {
                patience: callers.patience_s.map(Span::seconds),
                talk: Span::seconds(callers.talk_s),
                presses_after: millis(callers.presses_after_ms),
                presses_nothing: callers.presses_nothing_percent.0,
                hangs_up_first: callers.hangs_up_first_percent.0,
                redials: Redials {
                    share: callers.redials_percent.0,
                    after: seconds(callers.redials_after_s),
                    at_most: callers.redials_at_most,
                },
                callback: CallbackHabits {
                    share: callers.wants_callback_percent.0,
                    other_number: callers.other_number_percent.0,
                    errs: callers.errs_percent.0,
                },
            },
        }
    }

    fn wire_faults(&self) -> Faults {
        let faults = &self.faults;
        Faults {
            lost_events: faults.lost_events_percent.0,
            duplicated_events: faults.duplicated_events_percent.0,
            reordered_events: faults.reordered_events_percent.0,
            late_events: faults.late_events_percent.0,
            late_answers: faults.late_answers_percent.0,
            late_by: Span::millis(faults.late_by_ms.into()),
            failed_commands: faults.failed_commands_percent.0,
            lost_commands: faults.lost_commands_percent.0,
            link_cuts: faults.link_cuts_every_s.map(|every| LinkCuts {
                every: Span::seconds(every.get()),
                last: Span::seconds(faults.link_cut_s),
            }),
        }
    }

    fn fault_plan(&self, first: &SwitchId) -> FaultPlan {
        let faults = &self.faults;
        let spell = |every: Option<NonZeroU32>, last| {
            let every = Span::seconds(every?.get());
            Some(Spell { every, last })
        };
        let planned = faults.planned.iter().flatten().map(|planned| {
            let lasts = Span::millis(planned.lasts_ms);
            let switch = planned.switch.clone().unwrap_or_else(|| first.clone());
            Planned {
                after: Span::seconds(planned.at_s),
                fault: match planned.fault {
                    PlannedFault::Crash => Fault::Crash { lasts },
                    PlannedFault::LinkCut => Fault::LinkCut { switch, lasts },
                    PlannedFault::SwitchRestart => Fault::SwitchRestart { switch, lasts },
                    PlannedFault::DiskStall => Fault::DiskStall { lasts },
                    PlannedFault::ClockForward => Fault::ClockForward { by: lasts },
                    PlannedFault::ClockBackward => Fault::ClockBackward { by: lasts },
                },
            }
        });
        FaultPlan {
            crashes: spell(faults.crashes_every_s, millis(faults.crash_ms)),
            switch_restarts: spell(
                faults.switch_restarts_every_s,
                seconds(faults.switch_restart_s),
            ),
            disk_stalls: spell(faults.disk_stalls_every_s, millis(faults.disk_stall_ms)),
            clock_jumps: spell(faults.clock_jumps_every_s, millis(faults.clock_jump_ms)),
            planned: planned.collect(),
        }
    }

    /// What agents ask for, in order of time.
    fn requests(&self) -> Vec<Request> {
        let mut requests = Vec::new();
        let minutes = |minutes: u32| Span::seconds(minutes.saturating_mul(60));
        let grouped: BTreeSet<&AgentId> = self.staff.values().flat_map(|s| &s.agents).collect();
        let mut ask = |after: Span, agent: &AgentId, request: AgentRequest| {
            let agent = agent.clone();
            requests.push(Request {
                after,
                agent,
                request,
            });
        };
        for agent in self.centre.agents.keys() {
            if !grouped.contains(agent) {
                ask(Span::ZERO, agent, AgentRequest::Ready);
            }
        }
        // Whose standing leg has ended sees it, and asks for another.
        let stand = |settings: &AgentSettings| settings.line == Line::Standing;
        for (agent, _) in self.centre.agents.iter().filter(|(_, own)| stand(own)) {
            for minute in 1..self.head.lasts_min.get() {
                ask(minutes(minute), agent, AgentRequest::Ready);
            }
        }
        for staff in self.staff.values() {
            for agent in &staff.agents {
                for (from, to) in staff.shifts.as_deref().unwrap_or(&[(0, u32::MAX)]) {
                    ask(minutes(*from), agent, AgentRequest::Ready);
                    if *to != u32::MAX {
                        ask(minutes(*to), agent, AgentRequest::SignOut);
                    }
                }
                for (from, to) in staff.breaks.iter().flatten() {
                    let reason = OutsideText::new(&staff.break_reason);
                    ask(minutes(*from), agent, AgentRequest::NotReady { reason });
                    ask(minutes(*to), agent, AgentRequest::Ready);
                }
            }
        }
        requests.sort_by_key(|request| request.after);
        requests
    }
}

/// The centre: a configuration in place, or the path of one.
fn read_centre(
    node: Node,
    folder: &Path,
    findings: &mut Findings,
) -> Result<Option<Centre>, ConfigErrors> {
    let config = match &node.value {
        Value::Scalar(value) if value.is_str() => {
            let path = folder.join(value.as_str().unwrap_or_default());
            Some(Config::read(&path, &read(&path)?, [])?)
        }
        _ => Config::read_node(node, folder, findings),
    };
    Ok(config.map(|config| config.centre(BEGIN)))
}

/// A section that need not be there.
fn one<S: Section>(
    node: Option<Node>,
    name: &str,
    folder: &Path,
    findings: &mut Findings,
) -> Option<S> {
    Reader::new(&node?, name, folder, findings).and_then(S::read)
}

/// The sections `[<name>.<key>]`.
fn tables<K: std::str::FromStr<Err: ToString> + Ord, S: Section>(
    node: Option<Node>,
    name: &str,
    folder: &Path,
    findings: &mut Findings,
) -> BTreeMap<K, S> {
    let mut sections = BTreeMap::new();
    let Some(node) = node else { return sections };
    let Value::Table(table) = &node.value else {
        let repair = format!("write each one as [{name}.<name>]");
        let what = format!("must be a table, not {}", node.kind());
        findings.error(&node.key, name, what, Some(repair));
        return sections;
    };
    for (key, node) in table {
        let path = format!("{name}.{key}");
        match key.parse::<K>() {
            Ok(key) => {
                let section = Reader::new(node, &path, folder, findings).and_then(S::read);
                sections.extend(section.map(|section| (key, section)));
            }
            Err(error) => findings.error(&node.key, &path, error.to_string(), None),
        }
    }
    sections
}

fn habits(staff: &StaffConfig) -> DeviceHabits {
    let nobody: BTreeSet<Extension> = BTreeSet::new();
    DeviceHabits {
        answers_after: millis(staff.answers_after_ms),
        no_answer: staff.no_answer_percent.0,
        busy: staff.busy_percent.0,
        rejects: staff.rejects_percent.0,
        registered: (!staff.reachable).then_some(nobody),
        talk: staff.talk_s.map(Span::seconds),
    }
}

fn habits_outside(outside: &OutsideConfig) -> DeviceHabits {
    DeviceHabits {
        answers_after: millis(outside.answers_after_ms),
        no_answer: outside.no_answer_percent.0,
        busy: outside.busy_percent.0,
        rejects: outside.rejects_percent.0,
        registered: None,
        talk: Some(Span::seconds(outside.talk_s)),
    }
}

fn desk_plan(desk: &DeskConfig) -> DeskPlan {
    DeskPlan {
        every: desk.asks_every_s.map(|every| Span::seconds(every.get())),
        weights: Weights {
            hold: desk.hold,
            transfer: desk.transfer,
            consult: desk.consult,
            invite: desk.invite,
            park: desk.park,
            send_digits: desk.send_digits,
            hang_up: desk.hang_up,
            dial: desk.dial,
            arrange: desk.arrange,
        },
        supervisors: desk.supervisors.clone().unwrap_or_default(),
        supervision: desk.supervision_percent.0,
        out_of_turn: desk.out_of_turn_percent.0,
    }
}

fn phones(desk: &DeskConfig, centre: &Centre) -> PhoneHabits {
    let usual = || {
        let extensions = centre.agents.values().map(|own| own.extension.to_string());
        let queues = centre.queues.keys().map(ToString::to_string);
        let numbers = centre.numbers.keys().cloned();
        let nonsense = ["nobody".to_owned()];
        extensions
            .chain(queues)
            .chain(numbers)
            .chain(nonsense)
            .collect()
    };
    PhoneHabits {
        holds: desk.hold_key_percent.0,
        holds_for: seconds(desk.hold_key_s),
        refers: desk.transfer_key_percent.0,
        refers_to: desk.transfer_key_to.clone().unwrap_or_else(usual),
    }
}

fn unknown(noun: &str, name: impl std::fmt::Display) -> String {
    format!("unknown {noun} \"{name}\"")
}

fn millis((from, to): Range) -> (Span, Span) {
    (Span::millis(from.into()), Span::millis(to.into()))
}

fn seconds((from, to): Range) -> (Span, Span) {
    (Span::seconds(from), Span::seconds(to))
}

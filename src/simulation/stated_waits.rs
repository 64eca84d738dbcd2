//! Whether stated waits hold: whole days in virtual time through the real
//! engine, and each interval compared with what came.
//!
//! Protocol: an interval is stated when a call arrives (for a newcomer to its
//! queue) and each half minute while it waits and no phone rings for it; the
//! truth is the time from then to the answer. Two sets are counted. *Answered*
//! are all callers who were answered. *Probes* are every eighth caller, who
//! never leave: they are drawn from all callers whatever their wait, so that
//! theirs is the virtual wait, which those who left would have had. The engine
//! does not know who is a probe. The first statements are not counted, while the
//! engine knows nothing of the queue but what it presumes.

use crate::config::Config;
use crate::engine::Engine;
use crate::engine::call::CallState;
use crate::engine::centre::Centre;
use crate::engine::command::Command;
use crate::engine::estimate::Estimate;
use crate::engine::event::AgentRequest;
use crate::engine::fact::{Fact, OfferOutcome, QueueExit};
use crate::engine::id::{CallId, QueueId};
use crate::engine::leg::LegRole;
use crate::engine::time::{Span, Timestamp};
use crate::simulation::what_if::day::{Day, OfferSeen, Presence, Visit};
use crate::simulation::what_if::player::{Player, Watch, lean, visit_of};
use rand_pcg::Pcg64;
use rand_pcg::rand_core::{Rng, SeedableRng};
use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;

const BEGIN: Timestamp = crate::simulation::scenario::BEGIN;
const EVERY: Span = Span::seconds(30);
const PROBE: u32 = 8;
const HOUR: u32 = 3_600;

/// A group of agents: how many, and the queues they serve.
struct Group {
    agents: u32,
    queues: &'static [&'static str],
    /// From and to which second they are ready, again and again.
    ready: Vec<(u32, u32)>,
}

/// Callers of one queue.
struct Stream {
    queue: &'static str,
    /// Calls an hour, from each second on.
    rates: Vec<(u32, u32)>,
    patience_s: f64,
    talk_s: f64,
}

struct Scenario {
    name: &'static str,
    /// Each queue with its priority.
    queues: &'static [(&'static str, i32)],
    wrap_up_s: u32,
    groups: Vec<Group>,
    streams: Vec<Stream>,
    lasts_s: u32,
    no_answer_percent: usize,
}

struct Draws(Pcg64);

impl Draws {
    fn uniform(&mut self) -> f64 {
        ((self.0.next_u64() >> 11) as f64 + 0.5) / (1_u64 << 53) as f64
    }

    fn exponential(&mut self, mean: f64) -> f64 {
        -mean * self.uniform().ln()
    }

    /// Log-normal with this mean and a squared coefficient of variation of 0.8.
    fn talk(&mut self, mean: f64) -> f64 {
        let variance = 1.8_f64.ln();
        let (a, b) = (self.uniform(), self.uniform());
        let normal = (-2.0 * a.ln()).sqrt() * (std::f64::consts::TAU * b).cos();
        mean * (variance.sqrt() * normal - variance / 2.0).exp()
    }
}

fn seconds(s: f64) -> Span {
    Span::millis((s * 1_000.0) as u64)
}

impl Scenario {
    fn centre(&self) -> Centre {
        let mut text =
            String::from("[switches.sim]\nkind = \"simulated\"\n[limits]\nmax_calls = 100000\n");
        for (nth, (queue, priority)) in self.queues.iter().enumerate() {
            let _ = write!(
                text,
                "[queues.{queue}]\nname = \"{queue}\"\nwrap_up_s = {}\npriority = {priority}\n\
                 max_waiting = 10000\nrecord = false\n[numbers.400{nth}]\nflow = \"{queue}\"\n\
                 [flows.{queue}]\nname = \"{queue}\"\nstart = \"answer\"\n[flows.{queue}.blocks]\n\
                 answer = {{ kind = \"answer\", next = \"queue\" }}\n\
                 queue = {{ kind = \"queue\", queue = \"{queue}\" }}\n",
                self.wrap_up_s
            );
        }
        for (group, agent) in self.agents() {
            let queues = format!("{:?}", self.groups[group].queues);
            let _ = write!(
                text,
                "[agents.g{group}a{agent}]\nname = \"{agent}\"\nextension = \"{}\"\n\
                 switch = \"sim\"\nqueues = {queues}\n",
                1_000 * (group + 1) + agent as usize
            );
        }
        Config::read(Path::new("waits.toml"), &text, [])
            .unwrap()
            .centre(BEGIN)
    }

    fn agents(&self) -> impl Iterator<Item = (usize, u32)> + '_ {
        let groups = self.groups.iter().enumerate();
        groups.flat_map(|(nth, group)| (0..group.agents).map(move |agent| (nth, agent)))
    }

    fn day(&self, seed: u64) -> Day {
        let mut draws = Draws(Pcg64::seed_from_u64(seed));
        let mut visits = Vec::new();
        for stream in &self.streams {
            let number = self.queues.iter().position(|(id, _)| *id == stream.queue);
            let mut at = 0.0;
            while at < f64::from(self.lasts_s) {
                let rates = stream.rates.iter().rev();
                let rate = rates.clone().find(|(from, _)| f64::from(*from) <= at);
                let next = rates
                    .map(|(from, _)| f64::from(*from))
                    .filter(|from| *from > at);
                let next = next.fold(f64::from(self.lasts_s), f64::min);
                let gap = draws.exponential(3_600.0 / f64::from(rate.unwrap().1.max(1)));
                if at + gap > next {
                    at = next;
                    continue;
                }
                at += gap;
                visits.push(Visit {
                    at: BEGIN + seconds(at),
                    switch: "sim".parse().unwrap(),
                    caller_number: Default::default(),
                    dialled: crate::engine::text::OutsideText::new(&format!(
                        "400{}",
                        number.unwrap()
                    )),
                    keys: Vec::new(),
                    hangs_up: None,
                    patience: Some(seconds(draws.exponential(stream.patience_s))),
                    talk: seconds(draws.talk(stream.talk_s)),
                    wrap_up: None,
                });
            }
        }
        visits.sort_by_key(|visit| visit.at);
        visits
            .iter_mut()
            .step_by(PROBE as usize)
            .for_each(|probe| probe.patience = None);
        let offers = (0..100).map(|nth| OfferSeen {
            outcome: match nth < self.no_answer_percent {
                true => OfferOutcome::NoAnswer,
                false => OfferOutcome::Accepted,
            },
            after: seconds(1.0 + draws.exponential(4.0)),
        });
        Day {
            begins: BEGIN,
            ends: BEGIN + Span::seconds(self.lasts_s),
            visits,
            offers: offers.collect(),
            presence: self.presence(&mut draws),
            prompts: BTreeMap::new(),
        }
    }

    fn presence(&self, draws: &mut Draws) -> Vec<Presence> {
        let mut presence = Vec::new();
        for (group, agent) in self.agents() {
            for (from, to) in &self.groups[group].ready {
                let away = AgentRequest::NotReady {
                    reason: Default::default(),
                };
                // People come and go within some minutes.
                let late = seconds(draws.uniform() * 300.0);
                for (at, request) in [(from, AgentRequest::Ready), (to, away)] {
                    presence.push(Presence {
                        at: BEGIN + Span::seconds(*at) + late,
                        agent: format!("g{group}a{agent}").parse().unwrap(),
                        request,
                    });
                }
            }
        }
        presence.sort_by_key(|presence| presence.at);
        presence
    }
}

/// Intervals stated and how many held.
#[derive(Clone, Copy, Debug, Default)]
struct Count {
    all: u32,
    below: u32,
    above: u32,
    /// Sum of the intervals' lengths and of the waits, in seconds.
    width: f64,
    waits: f64,
}

impl Count {
    fn add(&mut self, stated: Estimate, wait: Span) {
        self.all += 1;
        self.below += u32::from(wait < stated.low);
        self.above += u32::from(wait > stated.high);
        self.width += (stated.high.as_millis() - stated.low.as_millis()) as f64 / 1_000.0;
        self.waits += wait.as_millis() as f64 / 1_000.0;
    }

    fn plus(self, other: Self) -> Self {
        Self {
            all: self.all + other.all,
            below: self.below + other.below,
            above: self.above + other.above,
            width: self.width + other.width,
            waits: self.waits + other.waits,
        }
    }

    fn percent(self) -> f64 {
        f64::from(self.all - self.below - self.above) * 100.0 / f64::from(self.all)
    }

    fn line(self) -> String {
        let each = f64::from(self.all.max(1));
        format!(
            "{:>6} stated, held {:>5.1} % (below {:.1}, above {:.1}), width {:.0} s, wait {:.0} s",
            self.all,
            self.percent(),
            f64::from(self.below) * 100.0 / each,
            f64::from(self.above) * 100.0 / each,
            self.width / each,
            self.waits / each
        )
    }
}

#[derive(Default)]
struct Judge {
    queues: Vec<QueueId>,
    waiting: BTreeMap<CallId, Waiting>,
    /// Calls that came before this one are not counted.
    from: u32,
    /// At the arrival and later, of all who were answered, and of the probes.
    answered: [Count; 2],
    probes: [Count; 2],
}

struct Waiting {
    visit: u32,
    next: Timestamp,
    stated: Vec<(Timestamp, Estimate, usize)>,
}

impl Watch for Judge {
    fn step(&mut self, at: Timestamp, engine: &Engine, commands: &[Command]) {
        for command in commands {
            if let Command::Note(fact) = command {
                self.fact(at, engine, fact);
            }
        }
        for (call, waiting) in &mut self.waiting {
            let rings = || {
                let state = engine.calls().find(|view| view.call == *call);
                state.is_none_or(|view| view.state != CallState::Waiting)
            };
            if at >= waiting.next && !rings() {
                waiting.next = at + EVERY;
                let stated = engine.estimate(*call).map(|stated| (at, stated, 1));
                waiting.stated.extend(stated);
            }
        }
    }
}

impl Judge {
    fn fact(&mut self, at: Timestamp, engine: &Engine, fact: &Fact) {
        match fact {
            Fact::CallStarted { call, dialled, .. } => {
                let nth: usize = dialled.as_str()[3..].parse().unwrap();
                let stated = engine.estimate_for_newcomer(&self.queues[nth]);
                let waiting = Waiting {
                    visit: 0,
                    next: at + EVERY,
                    stated: stated.map(|stated| (at, stated, 0)).into_iter().collect(),
                };
                self.waiting.insert(*call, waiting);
            }
            Fact::LegStarted {
                call,
                leg,
                role: LegRole::Caller,
                ..
            } => {
                if let Some(waiting) = self.waiting.get_mut(call) {
                    waiting.visit = visit_of(&leg.channel).unwrap();
                }
            }
            Fact::QueueLeft { call, reason, .. } => {
                let Some(waiting) = self.waiting.remove(call) else {
                    return;
                };
                if *reason != QueueExit::Answered || waiting.visit < self.from {
                    return;
                }
                for (when, stated, kind) in waiting.stated {
                    self.answered[kind].add(stated, at.since(when));
                    if waiting.visit.is_multiple_of(PROBE) {
                        self.probes[kind].add(stated, at.since(when));
                    }
                }
            }
            _ => {}
        }
    }
}

fn judge(scenario: &Scenario, seed: u64) -> Judge {
    let (day, centre) = (scenario.day(seed), scenario.centre());
    let mut judge = Judge {
        queues: scenario
            .queues
            .iter()
            .map(|(id, _)| id.parse().unwrap())
            .collect(),
        from: 300,
        ..Judge::default()
    };
    Player::new(&day, &lean(&centre), seed).play(&mut judge);
    eprintln!("{}: {} calls", scenario.name, day.visits.len());
    for (who, counts) in [("answered", judge.answered), ("probes", judge.probes)] {
        for (when, count) in [("at arrival", counts[0]), ("later", counts[1])] {
            eprintln!("  {who:<9}{when:<11}{}", count.line());
        }
    }
    judge
}

fn always(lasts_s: u32) -> Vec<(u32, u32)> {
    vec![(0, lasts_s + 7_200)]
}

fn one_queue(name: &'static str, agents: u32, per_hour: u32, patience_s: f64) -> Scenario {
    let lasts_s = 8_000 * HOUR / per_hour;
    Scenario {
        name,
        queues: &[("desk", 0)],
        wrap_up_s: 15,
        groups: vec![Group {
            agents,
            queues: &["desk"],
            ready: always(lasts_s),
        }],
        streams: vec![Stream {
            queue: "desk",
            rates: vec![(0, per_hour)],
            patience_s,
            talk_s: 180.0,
        }],
        lasts_s,
        no_answer_percent: 0,
    }
}

fn scenarios() -> Vec<Scenario> {
    let busy = one_queue("a busy team", 20, 380, 600.0);
    let small = one_queue("a team of three", 3, 50, 600.0);
    let overloaded = one_queue("many leave", 30, 800, 90.0);
    // Each day: nobody yet, a rush at the opening while agents still come, calm, evening.
    let days = 0..6;
    let mut ramp = one_queue("a ramp-up each day", 25, 400, 300.0);
    ramp.lasts_s = 6 * 8 * HOUR;
    ramp.streams[0].rates = days
        .clone()
        .flat_map(|day| {
            let at = |minute: u32| day * 8 * HOUR + minute * 60;
            [
                (at(0), 20),
                (at(30), 250),
                (at(60), 700),
                (at(150), 350),
                (at(360), 60),
            ]
        })
        .collect();
    ramp.groups[0].agents = 15;
    ramp.groups[0].ready = days
        .clone()
        .map(|day| (day * 8 * HOUR, day * 8 * HOUR + 28_000))
        .collect();
    ramp.groups.push(Group {
        agents: 10,
        queues: &["desk"],
        ready: days
            .map(|day| (day * 8 * HOUR + 4_500, day * 8 * HOUR + 20_000))
            .collect(),
    });
    // Half of them leave for lunch all at once, and come back.
    let mut lunch = one_queue("a change of staff", 12, 360, 240.0);
    lunch.groups.push(Group {
        agents: 12,
        queues: &["desk"],
        ready: (0..12)
            .map(|nth| (nth * 7_200, nth * 7_200 + 5_000))
            .collect(),
    });
    let mut missed = one_queue("phones nobody answers", 15, 240, 400.0);
    missed.no_answer_percent = 12;
    missed.wrap_up_s = 40;
    let lasts_s = 10 * HOUR;
    let stream = |queue, per_hour, talk_s| Stream {
        queue,
        rates: vec![
            (0, per_hour),
            (2 * HOUR, per_hour * 2),
            (3 * HOUR, per_hour),
            (6 * HOUR, per_hour * 2),
            (7 * HOUR, per_hour),
        ],
        patience_s: 300.0,
        talk_s,
    };
    let shared = Scenario {
        name: "shared agents and a queue that goes first",
        queues: &[("desk", 0), ("shop", 0), ("vip", 5)],
        wrap_up_s: 10,
        groups: vec![
            Group {
                agents: 8,
                queues: &["desk"],
                ready: always(lasts_s),
            },
            Group {
                agents: 14,
                queues: &["desk", "shop"],
                ready: always(lasts_s),
            },
            Group {
                agents: 10,
                queues: &["shop", "vip"],
                ready: always(lasts_s),
            },
        ],
        streams: vec![
            stream("desk", 200, 200.0),
            stream("shop", 260, 150.0),
            stream("vip", 70, 240.0),
        ],
        lasts_s,
        no_answer_percent: 3,
    };
    vec![busy, small, overloaded, ramp, lunch, missed, shared]
}

#[test]
fn an_interval_stated_with_eighty_percent_holds_that_often() {
    let (mut answered, mut probes) = (Count::default(), Count::default());
    for (nth, scenario) in scenarios().iter().enumerate() {
        let judged = judge(scenario, 10 + nth as u64);
        let of_answered = judged.answered[0].plus(judged.answered[1]);
        let of_probes = judged.probes[0].plus(judged.probes[1]);
        let name = scenario.name;
        assert!((78.0..=82.0).contains(&of_answered.percent()), "{name}");
        // An eighth as many, and those of one rush stand and fall together.
        assert!((76.0..=84.0).contains(&of_probes.percent()), "{name}");
        (answered, probes) = (answered.plus(of_answered), probes.plus(of_probes));
    }
    eprintln!("answered: {}\nprobes:   {}", answered.line(), probes.line());
    assert!((78.0..=82.0).contains(&answered.percent()));
    assert!((78.0..=82.0).contains(&probes.percent()));
}

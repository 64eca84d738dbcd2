//! The simulated switch in virtual time, with a test in the controller's place.

use crate::engine::cause::Cause;
use crate::engine::id::{CallId, ChannelId, CommandId, MusicClass, PromptId, SwitchId};
use crate::engine::text::OutsideText;
use crate::engine::time::{Span, Timestamp};
use crate::switch::simulated::model::ModelSettings;
use crate::switch::simulated::people::{PeopleSettings, Population};
use crate::switch::simulated::wire::{LinkCuts, WireSettings};
use crate::switch::simulated::{SimOutput, Simulation, SimulationSettings};
use crate::switch::{
    Extension, Failure, Key, Language, LegVariable, LegVariables, Outcome, Ring, SupervisionMode,
    SwitchCommand, SwitchEvent, SwitchOrder, Target,
};

/// A controller that a test plays by hand.
struct Hand {
    simulation: Simulation,
    now: Timestamp,
    given: u64,
    heard: Vec<(Timestamp, SimOutput)>,
}

fn settings() -> SimulationSettings {
    let population = Population {
        numbers: vec!["4001".to_owned()],
        keys: vec![Key::try_from('1').unwrap()],
    };
    SimulationSettings {
        model: ModelSettings::default(),
        people: PeopleSettings::quiet(population),
        wire: WireSettings::default(),
    }
}

impl Hand {
    fn new(settings: SimulationSettings) -> Self {
        let now = Timestamp::from_millis(1_000_000);
        let simulation = Simulation::new(settings, 42, now);
        let mut hand = Self {
            simulation,
            now,
            given: 0,
            heard: Vec::new(),
        };
        hand.until_event(|event| matches!(event, SwitchEvent::Snapshot(_)));
        hand
    }

    fn call(&mut self) -> ChannelId {
        self.simulation.call(self.now).unwrap()
    }

    fn order(&mut self, command: SwitchCommand) -> CommandId {
        self.given += 1;
        let order = SwitchOrder {
            id: CommandId(self.given),
            call: CallId::from_ulid(ulid::Ulid::nil()),
            switch: SwitchId::new("sim").unwrap(),
            command,
        };
        self.simulation.handle(self.now, order);
        CommandId(self.given)
    }

    fn ring(&mut self, channel: &str, extension: &str, originator: &ChannelId) -> ChannelId {
        let channel = ChannelId::new(channel).unwrap();
        self.order(SwitchCommand::Ring(Ring {
            channel: channel.clone(),
            to: Target::Extension(Extension::new(extension).unwrap()),
            auto_answer: false,
            caller_number: OutsideText::default(),
            caller_name: OutsideText::default(),
            timeout: Span::seconds(20),
            variables: LegVariables::default(),
            originator: Some(originator.clone()),
        }));
        channel
    }

    /// Lets time run until something `wanted` is heard.
    fn until(&mut self, wanted: impl Fn(&SimOutput) -> bool) -> SimOutput {
        let mut out = Vec::new();
        for _ in 0..100_000 {
            let at = self
                .simulation
                .next_deadline()
                .expect("something is still due");
            self.now = self.now.max(at);
            self.simulation.advance(self.now, &mut out);
            let found = out.iter().find(|output| wanted(output)).cloned();
            self.heard
                .extend(out.drain(..).map(|output| (self.now, output)));
            if let Some(found) = found {
                return found;
            }
        }
        panic!("not heard; heard {:#?}", self.heard);
    }

    fn until_event(&mut self, wanted: impl Fn(&SwitchEvent) -> bool) -> SwitchEvent {
        match self.until(|output| matches!(output, SimOutput::Event(event) if wanted(event))) {
            SimOutput::Event(event) => event,
            other => panic!("{other:?}"),
        }
    }

    fn outcome(&mut self, of: CommandId) -> Outcome {
        match self.until(|o| matches!(o, SimOutput::Completed { command, .. } if *command == of)) {
            SimOutput::Completed { outcome, .. } => outcome,
            other => panic!("{other:?}"),
        }
    }

    fn bridge(&mut self, channel: &ChannelId, peer: &ChannelId) {
        self.order(SwitchCommand::Bridge {
            channel: channel.clone(),
            peer: peer.clone(),
        });
        self.until_event(|e| matches!(e, SwitchEvent::Bridged { .. }));
    }

    /// An answered caller and an answered agent's leg.
    fn two_legs(&mut self) -> (ChannelId, ChannelId) {
        let caller = self.call();
        self.order(SwitchCommand::Answer {
            channel: caller.clone(),
        });
        let agent = self.ring("agent-leg", "1001", &caller);
        self.until_event(|e| matches!(e, SwitchEvent::Answered { channel } if *channel == agent));
        (caller, agent)
    }
}

#[test]
fn a_call_is_answered_prompted_bridged_recorded_and_ends() {
    let mut hand = Hand::new(settings());
    let (caller, agent) = hand.two_legs();
    let play = hand.order(SwitchCommand::Play {
        channel: caller.clone(),
        prompts: vec![PromptId::new("menu").unwrap()],
        language: Language::English,
    });
    hand.until_event(|e| matches!(e, SwitchEvent::Digit { .. }));
    let class = MusicClass::new("default").unwrap();
    hand.order(SwitchCommand::Music {
        channel: caller.clone(),
        class,
    });
    hand.until_event(
        |e| matches!(e, SwitchEvent::PlaybackFinished { playback, .. } if *playback == play),
    );
    hand.order(SwitchCommand::Bridge {
        channel: caller.clone(),
        peer: agent.clone(),
    });
    let record = hand.order(SwitchCommand::Record {
        caller: caller.clone(),
        agent,
    });
    hand.until_event(|e| matches!(e, SwitchEvent::RecordingStarted { .. }));
    let started = hand.now;
    let tape = match hand.until(|output| matches!(output, SimOutput::Recorded(_))) {
        SimOutput::Recorded(tape) => tape,
        other => panic!("{other:?}"),
    };
    assert_eq!(tape.recording, record);
    assert_eq!(tape.talk.len(), 1);
    assert!(
        hand.now
            .since(started)
            .as_millis()
            .abs_diff(tape.length().as_millis())
            < 50
    );
    assert_eq!(
        (
            hand.simulation.tally().answered,
            hand.simulation.tally().dropped
        ),
        (1, 0)
    );
}

#[test]
fn a_device_that_is_rung_twice_is_busy_and_counted() {
    let mut hand = Hand::new(settings());
    let caller = hand.call();
    hand.ring("first", "1001", &caller);
    hand.ring("second", "1001", &caller);
    let ended = hand.until_event(|e| matches!(e, SwitchEvent::HungUp { .. }));
    let second = ChannelId::new("second").unwrap();
    assert_eq!(
        ended,
        SwitchEvent::HungUp {
            channel: second,
            cause: Cause::UserBusy
        }
    );
    assert_eq!(hand.simulation.tally().double_offered, 1);
}

#[test]
fn a_device_nobody_answers_stops_ringing_in_time() {
    let mut settings = settings();
    settings.people.devices.no_answer = 1_000;
    let mut hand = Hand::new(settings);
    let caller = hand.call();
    let begun = hand.now;
    let agent = hand.ring("agent-leg", "1001", &caller);
    let ended = hand.until_event(|e| matches!(e, SwitchEvent::HungUp { .. }));
    assert_eq!(
        ended,
        SwitchEvent::HungUp {
            channel: agent,
            cause: Cause::NoAnswer
        }
    );
    assert!((20_000..20_050).contains(&hand.now.since(begun).as_millis()));
}

#[test]
fn a_call_without_a_controller_falls_back_and_is_offered_again_with_its_variables() {
    let mut hand = Hand::new(settings());
    let caller = hand.call();
    let variables = LegVariables::default().with(LegVariable::Queue, "sales");
    hand.order(SwitchCommand::Answer {
        channel: caller.clone(),
    });
    hand.order(SwitchCommand::SetVariables {
        channel: caller.clone(),
        variables: variables.clone(),
    });
    hand.order(SwitchCommand::Guard {
        channel: caller.clone(),
        after: Span::seconds(60),
    });
    let again = hand.until_event(
        |e| matches!(e, SwitchEvent::Arrived(arrival) if !arrival.variables.is_empty()),
    );
    match again {
        SwitchEvent::Arrived(arrival) => assert_eq!(arrival.variables, variables),
        other => panic!("{other:?}"),
    }
    assert_eq!(hand.simulation.tally().fallbacks, 1);
}

#[test]
fn a_bridge_disarms_the_dead_mans_timers() {
    let mut hand = Hand::new(settings());
    let (caller, agent) = hand.two_legs();
    hand.order(SwitchCommand::Guard {
        channel: caller.clone(),
        after: Span::seconds(1),
    });
    hand.order(SwitchCommand::Bridge {
        channel: caller,
        peer: agent,
    });
    hand.until_event(|e| matches!(e, SwitchEvent::HungUp { .. }));
    assert_eq!(hand.simulation.tally().fallbacks, 0);
}

#[test]
fn a_bridge_takes_a_caller_out_of_the_fallback_path() {
    let mut hand = Hand::new(settings());
    let (caller, agent) = hand.two_legs();
    let guard = SwitchCommand::Guard {
        channel: caller.clone(),
        after: Span::millis(10),
    };
    hand.order(guard);
    while hand.simulation.tally().fallbacks == 0 {
        hand.now = hand.now + Span::millis(1);
        hand.simulation.advance(hand.now, &mut Vec::new());
    }
    hand.order(SwitchCommand::Bridge {
        channel: caller,
        peer: agent,
    });
    hand.until_event(|e| matches!(e, SwitchEvent::Bridged { .. }));
    hand.heard.clear();
    hand.until_event(|e| matches!(e, SwitchEvent::HungUp { .. }));
    assert_eq!(hand.simulation.tally().fallbacks, 1);
    let offered = |(_, output): &(Timestamp, SimOutput)| {
        matches!(output, SimOutput::Event(SwitchEvent::Arrived(_)))
    };
    assert!(!hand.heard.iter().any(offered), "{:?}", hand.heard);
}

#[test]
fn commands_for_a_missing_or_unanswered_channel_fail_with_their_reason() {
    let mut hand = Hand::new(settings());
    let ghost = ChannelId::new("ghost").unwrap();
    let order = hand.order(SwitchCommand::Answer { channel: ghost });
    assert!(matches!(
        hand.outcome(order),
        Outcome::Failed {
            why: Failure::NoSuchChannel,
            ..
        }
    ));
    let channel = hand.call();
    let class = MusicClass::new("default").unwrap();
    let order = hand.order(SwitchCommand::Music { channel, class });
    assert!(matches!(
        hand.outcome(order),
        Outcome::Failed {
            why: Failure::WrongState,
            ..
        }
    ));
}

#[test]
fn calls_outlive_a_cut_link_and_stand_in_the_next_snapshot() {
    let mut hand = Hand::new(settings());
    let (caller, agent) = hand.two_legs();
    hand.simulation.cut_link(hand.now, Span::seconds(3));
    hand.until_event(|e| matches!(e, SwitchEvent::LinkLost { .. }));
    let order = hand.order(SwitchCommand::Answer {
        channel: caller.clone(),
    });
    assert!(matches!(
        hand.outcome(order),
        Outcome::Failed {
            why: Failure::LinkDown,
            ..
        }
    ));
    match hand.until_event(|e| matches!(e, SwitchEvent::Snapshot(_))) {
        SwitchEvent::Snapshot(snapshot) => {
            let mut live: Vec<_> = snapshot
                .legs
                .into_iter()
                .map(|l| l.arrival.channel)
                .collect();
            live.sort();
            let mut expected = vec![caller, agent];
            expected.sort();
            assert_eq!(live, expected);
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn calls_beyond_the_lines_do_not_enter() {
    let mut settings = settings();
    settings.model.lines = 2;
    let mut hand = Hand::new(settings);
    hand.call();
    hand.call();
    assert_eq!(hand.simulation.call(hand.now), None);
    assert_eq!(hand.simulation.tally().blocked, 1);
}

/// Ten minutes of callers whom nobody serves, over a bad wire.
fn bad_day(seed: u64) -> Vec<String> {
    let mut settings = settings();
    settings.people.crowds[0].arrivals.per_minute = 60;
    settings.wire.faults.lost_events = 50;
    settings.wire.faults.duplicated_events = 50;
    settings.wire.faults.late_events = 50;
    settings.wire.faults.late_by = Span::seconds(2);
    settings.wire.faults.link_cuts = Some(LinkCuts {
        every: Span::seconds(60),
        last: Span::seconds(5),
    });
    let from = Timestamp::from_millis(0);
    let mut simulation = Simulation::new(settings, seed, from);
    let mut out = Vec::new();
    simulation.advance(from + Span::seconds(600), &mut out);
    out.iter().map(|output| format!("{output:?}")).collect()
}

#[test]
fn the_same_seed_gives_the_same_trace_and_another_seed_another() {
    let trace = bad_day(1);
    assert!(trace.len() > 500, "{}", trace.len());
    assert_eq!(trace, bad_day(1));
    assert_ne!(trace, bad_day(2));
}

#[test]
fn two_who_are_taken_apart_live_on_and_come_together_again() {
    let mut hand = Hand::new(settings());
    let (caller, agent) = hand.two_legs();
    let part = SwitchCommand::Part {
        channel: caller.clone(),
        peer: agent.clone(),
    };
    let early = hand.order(part.clone());
    assert!(matches!(
        hand.outcome(early),
        Outcome::Failed {
            why: Failure::WrongState,
            ..
        }
    ));
    hand.bridge(&caller, &agent);
    hand.order(part);
    hand.until_event(|e| matches!(e, SwitchEvent::Unbridged { .. }));
    let class = MusicClass::new("default").unwrap();
    hand.order(SwitchCommand::Music {
        channel: caller.clone(),
        class,
    });
    hand.bridge(&caller, &agent);
}

#[test]
fn three_talk_in_a_conference_and_one_leaves() {
    let mut hand = Hand::new(settings());
    let (caller, agent) = hand.two_legs();
    hand.bridge(&caller, &agent);
    let third = hand.ring("third-leg", "1002", &caller);
    hand.until_event(|e| matches!(e, SwitchEvent::Answered { channel } if *channel == third));
    let conference = CallId::from_ulid(ulid::Ulid::nil());
    for channel in [&caller, &agent, &third] {
        hand.order(SwitchCommand::Join {
            channel: channel.clone(),
            conference,
        });
        hand.until_event(
            |e| matches!(e, SwitchEvent::Joined { channel: joined, .. } if joined == channel),
        );
    }
    hand.order(SwitchCommand::List);
    let listed = hand.until_event(|e| matches!(e, SwitchEvent::Listed(_)));
    let SwitchEvent::Listed(listed) = listed else {
        unreachable!("it was waited for")
    };
    let inside = listed
        .legs
        .iter()
        .filter(|leg| leg.conference == Some(conference));
    assert_eq!(inside.count(), 3);
    hand.order(SwitchCommand::Leave {
        channel: third.clone(),
        conference,
    });
    hand.until_event(|e| matches!(e, SwitchEvent::Left { channel, .. } if *channel == third));
}

#[test]
fn only_a_conversation_can_be_supervised() {
    let mut hand = Hand::new(settings());
    let (caller, agent) = hand.two_legs();
    let boss = hand.ring("boss-leg", "1003", &caller);
    hand.until_event(|e| matches!(e, SwitchEvent::Answered { channel } if *channel == boss));
    let listen = SwitchCommand::Supervise {
        channel: boss.clone(),
        target: agent.clone(),
        mode: SupervisionMode::Listen,
    };
    let early = hand.order(listen.clone());
    assert!(matches!(
        hand.outcome(early),
        Outcome::Failed {
            why: Failure::WrongState,
            ..
        }
    ));
    hand.bridge(&caller, &agent);
    let listens = hand.order(listen);
    assert_eq!(hand.outcome(listens), Outcome::Done);
}

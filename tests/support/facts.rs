//! A small day of a centre, as the engine would tell it: every kind of fact.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use switchyard::engine::agent::AgentState;
use switchyard::engine::call::CallState;
use switchyard::engine::cause::Cause;
use switchyard::engine::centre::{Centre, QueueSettings, Strategy};
use switchyard::engine::command::Command;
use switchyard::engine::event::Event;
use switchyard::engine::explanation::{Candidate, Exclusion, Explanation, Trigger};
use switchyard::engine::fact::{EndedBy, Fact, OfferOutcome, QueueExit};
use switchyard::engine::id::{
    AgentId, BlockId, CallId, ChannelId, CommandId, FlowId, LegId, MusicClass, OfferId, QueueId,
    SiteId, SwitchId, TenantId,
};
use switchyard::engine::leg::{LegRole, LegState};
use switchyard::engine::recording::{FiledRecording, FilingOrder};
use switchyard::engine::text::OutsideText;
use switchyard::engine::time::{Span, Timestamp};
use switchyard::store::journal::{Journal, Step};
use switchyard::switch::{
    Digit, DigitMethod, Extension, Key, RecordedMedia, SwitchCommand, SwitchOrder,
};
use ulid::Ulid;

pub(crate) const DAY: Span = Span::seconds(86_400);
const BEGIN: i64 = 1_780_000_000_000;

pub(crate) fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(BEGIN + millis)
}

pub(crate) fn call(n: u64) -> CallId {
    CallId::from_ulid(Ulid::from_parts(BEGIN as u64 + n * 60_000, n.into()))
}

fn offer(n: u64) -> OfferId {
    OfferId::from_ulid(Ulid::from_parts(BEGIN as u64 + n, n.into()))
}

fn switch() -> SwitchId {
    SwitchId::new("fs1").unwrap()
}

fn leg(channel: &str) -> LegId {
    LegId {
        switch: switch(),
        channel: ChannelId::new(channel).unwrap(),
    }
}

fn agent(name: &str) -> AgentId {
    AgentId::new(name).unwrap()
}

fn queue() -> QueueId {
    QueueId::new("sales").unwrap()
}

fn text(text: &str) -> OutsideText {
    OutsideText::new(text)
}

pub(crate) fn centre() -> Centre {
    let settings = QueueSettings {
        wrap_up: Span::seconds(10),
        record: true,
        ..QueueSettings::new("销售", MusicClass::new("default").unwrap())
    };
    Centre {
        callers: Default::default(),
        tenant: TenantId::new("acme").unwrap(),
        site: SiteId::new("north").unwrap(),
        pools: BTreeMap::new(),
        switches: vec![switch()],
        outbound: vec![switch()],
        numbers: BTreeMap::new(),
        flows: BTreeMap::new(),
        queues: BTreeMap::from([(queue(), settings)]),
        agents: BTreeMap::new(),
        calendars: Default::default(),
        routing: Default::default(),
        limits: Default::default(),
        groups: BTreeMap::new(),
        in_call: Default::default(),
        not_ready_reasons: Default::default(),
        missed_offers: Default::default(),
        voicemail: Default::default(),
        sites: Default::default(),
    }
}

/// Appends facts as the engine's answer to one event.
pub(crate) fn note(journal: &Journal, millis: i64, facts: impl IntoIterator<Item = Fact>) {
    let commands: Vec<Command> = facts.into_iter().map(Command::Note).collect();
    journal.append(Step::new(at(millis), Event::Due, commands));
}

/// A caller talks with wang, who asks li something.
pub(crate) fn talks_while_another_is_consulted() -> Vec<Fact> {
    let call = call(1);
    let mut told = started(1, "13800138000", "");
    let others = [
        ("serving", LegRole::Agent, "wang"),
        ("consulted", LegRole::Party, "li"),
    ];
    for (channel, role, name) in others {
        told.push(Fact::LegStarted {
            call,
            leg: leg(channel),
            role,
            agent: Some(agent(name)),
            extension: None,
            number: None,
            confirm: false,
        });
        told.push(Fact::LegMoved {
            call,
            leg: leg(channel),
            state: LegState::Bridged,
        });
    }
    told
}

/// li serves the caller from here on.
pub(crate) fn handed_over_to_the_consulted() -> Fact {
    Fact::HandedOver {
        call: call(1),
        agent: agent("li"),
        leg: leg("consulted"),
    }
}

fn started(n: u64, number: &str, name: &str) -> Vec<Fact> {
    let call = call(n);
    let leg = leg(&format!("caller-{n}"));
    vec![
        Fact::CallStarted {
            call,
            tenant: TenantId::new("acme").unwrap(),
            site: SiteId::new("north").unwrap(),
            switch: switch(),
            caller_number: text(number),
            caller_name: text(name),
            dialled: text("4001"),
        },
        Fact::LegStarted {
            call,
            leg: leg.clone(),
            role: LegRole::Caller,
            agent: None,
            extension: None,
            number: None,
            confirm: false,
        },
        Fact::LegMoved {
            call,
            leg,
            state: LegState::Ringing,
        },
        Fact::CallMoved {
            call,
            state: CallState::Arrived,
        },
        Fact::CallMoved {
            call,
            state: CallState::InFlow,
        },
        Fact::BlockEntered {
            call,
            flow: FlowId::new("main").unwrap(),
            block: BlockId::new("answer").unwrap(),
        },
    ]
}

fn entered(n: u64, millis: i64) -> Vec<Fact> {
    vec![
        Fact::QueueEntered {
            call: call(n),
            queue: queue(),
            priority: 5,
            entered: at(millis),
        },
        Fact::CallMoved {
            call: call(n),
            state: CallState::Waiting,
        },
    ]
}

fn moved(name: &str, state: AgentState, call: Option<CallId>, until: Option<Timestamp>) -> Fact {
    Fact::AgentMoved {
        agent: agent(name),
        tenant: TenantId::new("acme").unwrap(),
        site: SiteId::new("north").unwrap(),
        switch: switch(),
        state,
        call,
        until,
    }
}

fn explanation() -> Explanation {
    Explanation {
        trigger: Trigger::CallEntered,
        strategy: Strategy::LongestIdle,
        step: 0,
        waited: Span::millis(12),
        chosen: Candidate {
            agent: agent("wang"),
            idle: Span::seconds(90),
            level: None,
            measure: None,
        },
        rung: 0,
        beside: 0,
        eligible: 2,
        nearest: vec![Candidate {
            agent: agent("li"),
            idle: Span::seconds(30),
            level: None,
            measure: None,
        }],
        excluded: [(Exclusion::OnCall, 1)].into(),
    }
}

/// Call 1 is answered and recorded, call 2 ends with its recording still on
/// the switch, call 3 waits, an agent is on a break, another still talks.
pub(crate) fn append_a_day(journal: &Journal) {
    journal.append(Step::new(
        at(0),
        Event::Configured {
            centre: Box::new(centre()),
        },
        Vec::new(),
    ));
    note(
        journal,
        10,
        [
            Fact::LinkChanged {
                switch: switch(),
                up: false,
                why: text("connection refused"),
            },
            Fact::LinkChanged {
                switch: switch(),
                up: true,
                why: text(""),
            },
            Fact::Reconciled {
                switch: switch(),
                adopted: 1,
                closed: 2,
            },
            moved("wang", AgentState::Ready, None, None),
            moved(
                "li",
                AgentState::NotReady {
                    reason: text("吃饭"),
                },
                None,
                None,
            ),
        ],
    );
    answered_call(journal);
    unfiled_call(journal);
    note(journal, 180_000, started(3, "", ""));
    note(journal, 181_000, entered(3, 180_500));
    let last = SwitchOrder {
        id: CommandId(900),
        call: call(3),
        switch: switch(),
        command: SwitchCommand::Answer {
            channel: ChannelId::new("caller-3").unwrap(),
        },
    };
    journal.append(Step::new(
        at(182_000),
        Event::Due,
        vec![Command::Switch(last)],
    ));
}

fn answered_call(journal: &Journal) {
    let (one, caller, ringing) = (call(1), leg("caller-1"), leg("agent-1"));
    note(
        journal,
        1_000,
        started(1, "+8613800138000", "王 O'Neil \"x\" ${y}"),
    );
    note(
        journal,
        1_200,
        [Fact::LegMoved {
            call: one,
            leg: caller.clone(),
            state: LegState::Answered,
        }],
    );
    let digit = Digit {
        key: Key::try_from('2').unwrap(),
        method: DigitMethod::Rfc4733,
    };
    note(
        journal,
        2_000,
        [Fact::DigitPressed {
            call: one,
            leg: caller.clone(),
            digit,
        }],
    );
    note(journal, 2_500, entered(1, 2_500));
    note(
        journal,
        2_500,
        [
            Fact::Decided {
                call: one,
                queue: queue(),
                offer: offer(1),
                explanation: explanation(),
            },
            Fact::Offered {
                offer: offer(1),
                call: one,
                agent: agent("wang"),
                leg: ringing.clone(),
                queue: Some(queue()),
            },
            Fact::LegStarted {
                call: one,
                leg: ringing.clone(),
                role: LegRole::Agent,
                agent: Some(agent("wang")),
                extension: Some(Extension::new("1001").unwrap()),
                number: None,
                confirm: false,
            },
            moved("wang", AgentState::Offered, Some(one), None),
            Fact::CallMoved {
                call: one,
                state: CallState::Offered,
            },
            Fact::CommandFailed {
                call: Some(one),
                command: CommandId(12),
                why: text("no such prompt"),
            },
        ],
    );
    note(
        journal,
        4_000,
        [
            Fact::LegMoved {
                call: one,
                leg: caller.clone(),
                state: LegState::Bridged,
            },
            Fact::LegMoved {
                call: one,
                leg: ringing.clone(),
                state: LegState::Bridged,
            },
            Fact::OfferEnded {
                offer: offer(1),
                call: one,
                agent: agent("wang"),
                outcome: OfferOutcome::Accepted,
            },
            Fact::QueueLeft {
                call: one,
                queue: queue(),
                reason: QueueExit::Answered,
            },
            Fact::CallMoved {
                call: one,
                state: CallState::Connected,
            },
            moved("wang", AgentState::OnCall, Some(one), None),
        ],
    );
    note(
        journal,
        4_100,
        [Fact::RecordingStarted {
            call: one,
            recording: CommandId(21),
        }],
    );
    note(
        journal,
        30_000,
        [
            Fact::LegEnded {
                call: one,
                leg: ringing,
                cause: Cause::NormalClearing,
            },
            moved("wang", AgentState::WrapUp, Some(one), Some(at(40_000))),
            Fact::LegEnded {
                call: one,
                leg: caller,
                cause: Cause::NormalClearing,
            },
            Fact::CallMoved {
                call: one,
                state: CallState::Ended,
            },
            Fact::CallEnded {
                call: one,
                cause: Cause::NormalClearing,
                ended_by: EndedBy::Agent,
            },
        ],
    );
    journal.append(Step::new(
        at(30_050),
        Event::Due,
        vec![Command::File(filing_order(1, 21))],
    ));
    let filed = FiledRecording {
        name: "acme/2026/05/28/x.wav".to_owned(),
        length_ms: 25_900,
        heard_ms: None,
        bytes: 828_844,
        sha256: "ab".repeat(32),
    };
    note(
        journal,
        30_500,
        [Fact::RecordingFiled {
            call: one,
            recording: CommandId(21),
            filed,
        }],
    );
    note(
        journal,
        40_000,
        [moved("wang", AgentState::Ready, None, None)],
    );
}

fn unfiled_call(journal: &Journal) {
    let (two, caller, talking) = (call(2), leg("caller-2"), leg("agent-2"));
    note(journal, 60_000, started(2, "100%", "\u{202E}evil"));
    note(
        journal,
        60_500,
        [
            Fact::LegStarted {
                call: two,
                leg: talking.clone(),
                role: LegRole::Agent,
                agent: Some(agent("zhao")),
                extension: None,
                number: None,
                confirm: false,
            },
            Fact::LegMoved {
                call: two,
                leg: talking,
                state: LegState::Bridged,
            },
            Fact::LegMoved {
                call: two,
                leg: caller,
                state: LegState::Bridged,
            },
            Fact::CallMoved {
                call: two,
                state: CallState::Connected,
            },
            moved("zhao", AgentState::OnCall, Some(two), None),
            Fact::RecordingStarted {
                call: two,
                recording: CommandId(76),
            },
            Fact::RecordingLost {
                call: two,
                recording: CommandId(76),
                why: text("no space left"),
            },
        ],
    );
    journal.append(Step::new(
        at(61_000),
        Event::Due,
        vec![Command::File(filing_order(2, 77))],
    ));
}

fn filing_order(n: u64, recording: u64) -> FilingOrder {
    FilingOrder {
        recording: CommandId(recording),
        switch: switch(),
        call: call(n),
        started: at(4_050),
        media: RecordedMedia::Stereo {
            file: "/var/x.wav".to_owned(),
        },
    }
}

pub(crate) fn append_one_more_call(journal: &Journal) {
    note(journal, 240_000, started(4, "10086", "Li"));
}

use super::*;
use crate::engine::agent::AgentState;
use crate::engine::centre::QueueSettings;
use crate::engine::id::{AgentId, OfferId};
use crate::engine::memory::Memory;

/// A queue `desk` that anna and bert serve, and `shop` that bert serves too.
struct Desk {
    estimator: Estimator,
    memory: Memory,
    at: Timestamp,
    calls: u128,
}

fn centre() -> Centre {
    let mut centre = Centre::new(id("main"), id("main"));
    for name in ["desk", "shop"] {
        let queue = QueueSettings::new(name, id("default"));
        centre.queues.insert(id(name), queue);
    }
    for (name, queues) in [("anna", "[\"desk\"]"), ("bert", "[\"desk\", \"shop\"]")] {
        let agent = format!(
            r#"{{"name":"","extension":"{name}","switch":"sim","skills":{{}},"queues":{queues}}}"#
        );
        centre
            .agents
            .insert(id(name), serde_json::from_str(&agent).unwrap());
    }
    centre
}

fn id<T: std::str::FromStr<Err: std::fmt::Debug>>(name: &str) -> T {
    name.parse().unwrap()
}

impl Desk {
    fn open() -> Self {
        let mut estimator = Estimator::default();
        estimator.configure(&centre());
        Self {
            estimator,
            memory: Memory::default(),
            at: Timestamp::from_millis(1_000_000),
            calls: 0,
        }
    }

    fn note(&mut self, fact: Fact) {
        self.estimator.apply(self.at, &fact);
        self.memory.apply(self.at, &fact);
    }

    fn is(&mut self, agent: &str, state: AgentState) {
        self.is_until(agent, state, None);
    }

    fn is_until(&mut self, agent: &str, state: AgentState, until: Option<Timestamp>) {
        self.note(Fact::AgentMoved {
            agent: id(agent),
            tenant: id("main"),
            site: id("main"),
            switch: id("sim"),
            state,
            call: None,
            until,
        });
    }

    fn enters(&mut self, queue: &str) -> CallId {
        self.calls += 1;
        let call = CallId::from_ulid(ulid::Ulid(self.calls));
        let (queue, entered) = (id(queue), self.at);
        self.note(Fact::QueueEntered {
            call,
            queue,
            priority: 0,
            entered,
        });
        call
    }

    fn leaves(&mut self, call: CallId, queue: &str, reason: QueueExit) {
        let queue = id(queue);
        self.note(Fact::QueueLeft {
            call,
            queue,
            reason,
        });
    }

    /// An agent takes a call, talks and is free again.
    fn serves(&mut self, agent: &str, queue: &str, talk: Span) {
        let call = self.enters(queue);
        let offer = OfferId::from_ulid(ulid::Ulid(1));
        let agent_id: AgentId = id(agent);
        self.note(Fact::Offered {
            offer,
            call,
            agent: agent_id.clone(),
            leg: crate::engine::id::LegId {
                switch: id("sim"),
                channel: id("phone"),
            },
            queue: Some(id(queue)),
        });
        self.is(agent, AgentState::Offered);
        self.at = self.at + Span::seconds(4);
        self.note(Fact::OfferEnded {
            offer,
            call,
            agent: agent_id,
            outcome: OfferOutcome::Accepted,
        });
        self.leaves(call, queue, QueueExit::Answered);
        self.is(agent, AgentState::OnCall);
        self.at = self.at + talk;
        self.is(agent, AgentState::Ready);
    }

    fn newcomer(&self, queue: &str) -> Option<Estimate> {
        self.estimator.newcomer(&id(queue), 0, self.at)
    }
}

#[test]
fn nobody_there_gives_no_estimate_and_a_free_agent_only_the_ring() {
    let mut desk = Desk::open();
    assert_eq!(desk.newcomer("desk"), None);
    desk.is("anna", AgentState::Ready);
    let stated = desk.newcomer("desk").unwrap();
    assert!(stated.low <= stated.median && stated.median <= stated.high);
    assert!(stated.high < Span::seconds(25), "{stated:?}");
    // Anna does not serve the shop.
    assert_eq!(desk.newcomer("shop"), None);
}

#[test]
fn each_call_ahead_makes_the_wait_longer_and_each_agent_shorter() {
    let mut desk = Desk::open();
    desk.is("anna", AgentState::OnCall);
    let mut before = desk.newcomer("desk").unwrap();
    for _ in 0..5 {
        desk.enters("desk");
        let behind = desk.newcomer("desk").unwrap();
        assert!(behind.median > before.median, "{behind:?}");
        before = behind;
    }
    desk.is("bert", AgentState::OnCall);
    let with_two = desk.newcomer("desk").unwrap();
    assert!(with_two.median.as_millis() * 3 < before.median.as_millis() * 2);
}

#[test]
fn calls_of_another_queue_count_when_its_answers_come_from_the_same_agents() {
    let mut desk = Desk::open();
    desk.is("bert", AgentState::OnCall);
    let alone = desk.newcomer("shop").unwrap();
    for _ in 0..4 {
        desk.enters("desk");
    }
    // Half the desk's calls are expected to go to Bert, before any was seen.
    let after = desk.newcomer("shop").unwrap();
    assert!(after.median.as_millis() * 2 > alone.median.as_millis() * 3);
    // Anna takes them all.
    desk.is("anna", AgentState::Ready);
    (0..300).for_each(|_| desk.serves("anna", "desk", Span::seconds(60)));
    desk.is("bert", AgentState::Ready);
    desk.is("bert", AgentState::OnCall);
    let later = desk.newcomer("shop").unwrap();
    assert!(later.median < after.median, "{later:?} {after:?}");
}

#[test]
fn what_was_learnt_is_known_in_the_next_run() {
    let mut desk = Desk::open();
    desk.is("anna", AgentState::Ready);
    let mut told = None;
    for _ in 0..150 {
        desk.serves("anna", "desk", Span::seconds(30));
        let at = desk.at;
        if let Some((queue, learnt)) = desk.estimator.take_due(at) {
            desk.note(Fact::QueueLearnt { queue, learnt });
            told = Some(desk.at);
        }
    }
    assert!(told.is_some());
    desk.is("anna", AgentState::OnCall);
    let mut again = Estimator::default();
    again.configure(&centre());
    let fresh = {
        again.remember(&Remembered::default());
        again
            .workforce
            .moved(&id("anna"), &AgentState::OnCall, None, desk.at);
        again.newcomer(&id("desk"), 0, desk.at).unwrap()
    };
    let mut next = Estimator::default();
    next.configure(&centre());
    next.remember(&desk.memory.remembered());
    let known = next.newcomer(&id("desk"), 0, desk.at).unwrap();
    assert!(known.median.as_millis() * 2 < fresh.median.as_millis());
}

#[test]
fn an_extended_wrap_up_is_waited_for_to_its_new_end() {
    let mut desk = Desk::open();
    let until = desk.at + Span::seconds(10);
    desk.is_until("anna", AgentState::WrapUp, Some(until));
    let before = desk.newcomer("desk").unwrap();
    let until = desk.at + Span::seconds(100);
    desk.note(Fact::WrapUpExtended {
        agent: id("anna"),
        call: CallId::from_ulid(ulid::Ulid(9)),
        until,
        extensions: 1,
    });
    let after = desk.newcomer("desk").unwrap();
    assert!(before.high < Span::seconds(60), "{before:?}");
    assert!(after.median >= Span::seconds(80), "{after:?}");
    // The next run knows it too.
    let mut next = Estimator::default();
    next.configure(&centre());
    next.remember(&desk.memory.remembered());
    let again = next.newcomer(&id("desk"), 0, desk.at).unwrap();
    assert!(again.median >= Span::seconds(80), "{again:?}");
}

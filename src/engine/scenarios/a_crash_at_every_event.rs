//! The controller crashes after each event in turn: what a new engine remembers
//! and sees on its switch must be what the old one knew.

use super::*;
use crate::engine::agent::AgentState;
use crate::engine::cause::Cause;
use crate::engine::centre::Line;
use crate::engine::line::LineState;
use crate::engine::memory::Memory;
use crate::engine::timer::Reason;

/// What matters of an engine's state, as text that can be compared.
fn essence(engine: &Engine) -> String {
    let mut lines = Vec::new();
    for (id, call) in &engine.calls {
        let offer = call.offer.as_ref().map(|offer| {
            (
                offer.id,
                offer.agent.clone(),
                offer.leg.id.clone(),
                offer.stage,
            )
        });
        lines.push(format!("rung for {id}: {:?}", call.ringing));
        lines.push(format!(
            "call {id} {:?} leg {} {:?} place {:?} offers {} offer {offer:?} block {:?} ending {:?}",
            call.state,
            call.caller.id,
            call.caller.state,
            call.visits,
            call.offers,
            call.session.as_ref().map(|session| session.block.clone()),
            call.ending,
        ));
    }
    for (id, agent) in &engine.agents {
        let until = |reason: Reason| engine.timers.get(&reason);
        lines.push(format!(
            "agent {id} {:?} idle {:?} call {:?} resting {} until {:?} {:?} closing {:?} next {:?} \
             missed {:?} extensions {} line {:?}",
            agent.state,
            agent.idle_since,
            agent.call,
            agent.resting,
            until(Reason::WrapUpEnds(id.clone())),
            until(Reason::RestEnds(id.clone())),
            agent.closing,
            agent.next,
            agent.missed,
            agent.extensions,
            agent.line,
        ));
    }
    lines.push(format!("standing {:?}", engine.standing));
    lines.push(format!("closing {:?}", engine.closing.keys()));
    lines.push(format!("recordings {:?}", engine.recordings.keys()));
    lines.join("\n")
}

/// A run whose every event is followed by a crash of a copy of the controller.
struct Crashes {
    play: Play,
    memory: Memory,
    crashes: u32,
}

impl Crashes {
    fn begin() -> Self {
        Self::with(centre())
    }

    fn with(settings: Centre) -> Self {
        let mut play = Play::told_of(settings);
        play.event(Event::Remembered {
            remembered: Default::default(),
        });
        play.on_switch(SwitchEvent::Snapshot(Snapshot::default()));
        let mut crashes = Self {
            play,
            memory: Memory::default(),
            crashes: 0,
        };
        crashes.crash();
        crashes
    }

    fn step(&mut self, step: impl FnOnce(&mut Play)) {
        step(&mut self.play);
        self.crash();
    }

    /// Starts a new engine from the facts, and compares.
    fn crash(&mut self) {
        self.crashes += 1;
        let facts = std::mem::take(&mut self.play.dated);
        for (at, fact) in &facts {
            self.memory.apply(*at, fact);
        }
        // Through the checkpoint's form, as it lies on disk.
        let kept = serde_json::to_string(&self.memory).unwrap();
        let kept: Memory = serde_json::from_str(&kept).unwrap();
        assert_eq!(kept, self.memory);
        let mut heir = Play::told_of(self.play.settings.clone());
        heir.at = self.play.at;
        heir.event(Event::Remembered {
            remembered: kept.remembered(),
        });
        assert_eq!(
            essence(&heir.engine),
            essence(&self.play.engine),
            "after {} steps",
            self.crashes
        );
        assert!(
            heir.facts.is_empty(),
            "nothing became true: {:?}",
            heir.facts
        );
        self.meet_the_switch(heir);
    }

    /// The heir sees the switch as the old engine believed it to be: nothing
    /// ends, nobody is rung twice, and every caller is where they were.
    fn meet_the_switch(&self, mut heir: Play) {
        let old = &self.play.engine;
        let mut legs = Vec::new();
        for call in old.calls.values() {
            let talks = call.is_connected() && call.is_together();
            let offer = call.offer.as_ref();
            let peer = offer
                .filter(|_| talks)
                .map(|offer| offer.leg.id.channel.clone());
            legs.push(leg(
                &call.caller.id.channel,
                call.caller.is_answered(),
                peer,
            ));
            if let Some(offer) = offer {
                let peer = talks.then(|| call.caller.id.channel.clone());
                legs.push(leg(&offer.leg.id.channel, true, peer));
            }
            for device in call.ringing.iter().flat_map(|ringing| &ringing.devices) {
                let id = &device.leg.id;
                let answered = device.leg.is_answered() || old.standing.contains_key(id);
                legs.push(leg(&id.channel, answered, None));
            }
        }
        let idle = old.agents.values().filter_map(|agent| agent.line.as_ref());
        let idle = idle
            .filter(|line| line.state != LineState::Wanted && !old.legs.contains_key(&line.leg));
        legs.extend(idle.map(|line| leg(&line.leg.channel, line.state == LineState::Open, None)));
        legs.extend(old.closing.keys().map(|id| leg(&id.channel, false, None)));
        let places: Vec<_> = old.calls.values().map(|call| call.visits.clone()).collect();
        let rung = heir.orders.len();
        heir.on_switch(SwitchEvent::Snapshot(Snapshot {
            legs,
            ..Snapshot::default()
        }));
        let now: Vec<_> = heir
            .engine
            .calls
            .values()
            .map(|call| call.visits.clone())
            .collect();
        assert_eq!(now, places, "every caller keeps their place");
        let busy = |engine: &Engine| {
            let busy = engine.agents.iter().filter(|(_, agent)| {
                matches!(agent.state, AgentState::Offered | AgentState::OnCall)
            });
            busy.map(|(id, _)| id.clone()).collect::<Vec<_>>()
        };
        assert_eq!(
            busy(&heir.engine),
            busy(old),
            "nobody is rung twice or dropped"
        );
        assert!(
            !heir.orders[rung..]
                .iter()
                .any(|order| matches!(order.command, SwitchCommand::Ring(_))),
            "nobody is rung for a call that somebody rings for"
        );
    }
}

fn leg(channel: &ChannelId, answered: bool, peer: Option<ChannelId>) -> LiveLeg {
    LiveLeg {
        arrival: Arrival {
            state: match answered {
                true => ChannelState::Answered,
                false => ChannelState::Ringing,
            },
            ..arrival(channel.as_str(), "4001")
        },
        peer,
        conference: None,
        created: None,
    }
}

#[test]
fn a_new_run_knows_what_the_old_one_knew() {
    let mut run = Crashes::begin();
    run.step(|play| play.ready("anna"));
    run.step(|play| play.arrives("c1", "4001"));
    run.step(|play| play.answered("c1"));
    run.step(|play| play.key("c1", '7'));
    run.step(|play| play.arrives("c2", "4001"));
    run.step(|play| play.answered("c2"));
    run.step(|play| play.key("c2", '1'));
    run.step(|play| play.accept_orders());
    let rung = run.play.rung("anna");
    run.step(|play| {
        play.agent(
            "anna",
            AgentRequest::NotReady {
                reason: OutsideText::new("lunch"),
            },
        );
    });
    run.step(|play| play.answered(&rung));
    run.step(|play| play.bridged("c2", &rung));
    run.step(|play| play.queues_up("c3"));
    run.step(|play| play.ready("bert"));
    run.step(|play| play.accept_orders());
    run.step(|play| play.pass(Span::seconds(26)));
    run.step(|play| play.accept_orders());
    let late = run.play.rung("bert");
    run.step(|play| play.hangs_up(&late, crate::engine::cause::Cause::OriginatorCancel));
    run.step(|play| play.pass(Span::seconds(2)));
    run.step(|play| play.hangs_up(&rung, crate::engine::cause::Cause::NormalClearing));
    run.step(|play| play.accept_orders());
    run.step(|play| play.hangs_up("c2", crate::engine::cause::Cause::NormalClearing));
    run.step(|play| play.pass(Span::seconds(40)));
    run.step(|play| play.arrives("c9", "9999"));
    assert!(run.crashes > 20);
}

#[test]
fn a_new_run_finds_standing_legs_again() {
    let mut settings = centre();
    agent(&mut settings, "anna").line = Line::Standing;
    let mut run = Crashes::with(settings);
    run.step(|play| play.ready("anna"));
    let line = run.play.line("anna");
    run.step(|play| play.answered(&line));
    run.step(|play| play.queues_up("c1"));
    run.step(|play| play.tone_ends());
    run.step(|play| play.bridged("c1", &line));
    run.step(|play| play.accept_orders());
    run.step(|play| play.hangs_up("c1", Cause::NormalClearing));
    run.step(|play| play.accept_orders());
    run.step(|play| play.queues_up("c2"));
    run.step(|play| play.pass(Span::seconds(30)));
    run.step(|play| play.hangs_up(&line, Cause::NormalClearing));
    run.step(|play| play.accept_orders());
    run.step(|play| play.ready("anna"));
    run.step(|play| play.agent("anna", AgentRequest::SignOut));
    run.step(|play| play.ready("anna"));
    run.step(|play| play.pass(Span::seconds(1)));
}

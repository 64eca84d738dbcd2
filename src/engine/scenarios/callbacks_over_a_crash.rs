//! The controller is killed after each event of a callback, and the next run
//! goes on: the same callback, no attempt forgotten, nobody dialled twice.

use super::*;
use crate::engine::callback::CallbackState;
use crate::engine::cause::Cause;
use crate::engine::memory::Memory;

/// Open callbacks, as text that can be compared.
fn essence(engine: &Engine) -> Vec<String> {
    let callbacks = engine.callbacks.iter();
    let line = callbacks.map(|(id, callback)| {
        let places: Vec<_> = callback
            .visits
            .iter()
            .map(|visit| (visit.place, &visit.terms))
            .collect();
        format!(
            "{id} {:?} {:?} {places:?}",
            callback.order, callback.progress
        )
    });
    line.collect()
}

/// What the switch shows of everything that the engine believes to live.
fn stock(engine: &Engine) -> Vec<LiveLeg> {
    let mut legs = Vec::new();
    for call in engine.calls.values() {
        let state = |answered| match answered {
            true => ChannelState::Answered,
            false => ChannelState::Ringing,
        };
        let together = call.caller.state == crate::engine::leg::LegState::Bridged;
        let peer = call
            .offer
            .as_ref()
            .map(|offer| offer.leg.id.channel.to_string());
        let caller = call.caller.id.channel.to_string();
        let peer = peer.filter(|_| together);
        legs.push(shown(
            &caller,
            state(call.caller.is_answered()),
            peer.as_deref(),
        ));
        if let Some(peer) = peer {
            legs.push(up(&peer, Some(&caller)));
        }
        for party in &call.parties {
            let channel = party.leg.id.channel.to_string();
            legs.push(shown(&channel, state(party.leg.is_answered()), None));
        }
    }
    let closing = engine.closing.keys();
    legs.extend(closing.map(|leg| shown(leg.channel.as_str(), ChannelState::Ringing, None)));
    legs
}

struct Crashes {
    play: Play,
    crashes: u32,
}

impl Crashes {
    fn step(&mut self, step: impl FnOnce(&mut Play)) {
        step(&mut self.play);
        self.crashes += 1;
        let mut memory = Memory::default();
        for (at, fact) in &self.play.all {
            memory.apply(*at, fact);
        }
        memory.saw(CommandId(u64::MAX >> 24));
        let kept = serde_json::to_string(&memory).unwrap();
        let kept: Memory = serde_json::from_str(&kept).unwrap();
        assert_eq!(kept, memory);
        let mut settings = centre();
        queue(&mut settings, "desk").callback = Some(callbacks());
        let mut heir = Play::told_of(settings);
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
        let legs = stock(&self.play.engine);
        heir.on_switch(SwitchEvent::Snapshot(Snapshot {
            legs,
            ..Snapshot::default()
        }));
        let rings = heir
            .orders
            .iter()
            .any(|order| matches!(order.command, SwitchCommand::Ring(_)));
        assert!(!rings, "nobody is rung twice:\n{}", heir.told());
        assert_eq!(
            heir.engine.callbacks.len(),
            self.play.engine.callbacks.len()
        );
    }
}

#[test]
fn a_callback_survives_a_crash_at_every_event() {
    let mut run = Crashes {
        play: calls_back(),
        crashes: 0,
    };
    run.play.event(Event::Remembered {
        remembered: Default::default(),
    });
    run.step(|play| play.queues_up("c1"));
    run.step(|play| play.pass(Span::seconds(30)));
    run.step(|play| play.key("c1", '1'));
    run.step(|play| play.key("c1", '1'));
    run.step(|play| play.hangs_up("c1", Cause::NormalClearing));
    run.step(|play| play.ready("anna"));
    let anna = run.play.rung_last();
    run.step(|play| play.hangs_up(&anna, Cause::NoAnswer));
    run.step(|play| play.ready("bert"));
    let bert = run.play.rung_last();
    run.step(|play| play.answered(&bert));
    let customer = run.play.party();
    run.step(|play| play.hangs_up(&customer, Cause::NoAnswer));
    run.step(|play| play.hangs_up(&bert, Cause::NormalClearing));
    run.step(|play| play.pass(Span::seconds(299)));
    run.step(|play| play.pass(Span::seconds(1)));
    let again = run.play.rung_last();
    run.step(|play| play.answered(&again));
    let customer = run.play.party();
    run.step(|play| play.answered(&customer));
    run.step(|play| play.bridged(&again, &customer));
    run.step(|play| play.hangs_up(&customer, Cause::NormalClearing));
    assert!(run.play.engine.callbacks.is_empty());
}

#[test]
fn an_attempt_that_was_ordered_counts_although_its_leg_is_gone() {
    let mut play = Play::begin();
    let mut settings = centre();
    queue(&mut settings, "desk").callback = Some(callbacks());
    play.event(Event::Configured {
        centre: Box::new(settings.clone()),
    });
    play.accepts = true;
    play.asks_to_be_called_back("c1");
    play.ready("anna");
    let anna = play.rung_last();
    play.answered(&anna);
    let mut memory = Memory::default();
    for (at, fact) in &play.all {
        memory.apply(*at, fact);
    }
    memory.saw(CommandId(u64::MAX >> 24));
    let mut heir = Play::told_of(settings);
    heir.at = play.at;
    heir.event(Event::Remembered {
        remembered: memory.remembered(),
    });
    // Both legs ended while nobody was there.
    heir.told();
    heir.on_switch(SwitchEvent::Snapshot(Snapshot::default()));
    let callback = heir.engine.callbacks.values().next().unwrap();
    assert_eq!(callback.progress.attempts, 1);
    assert!(matches!(
        callback.progress.state,
        CallbackState::Resting { .. }
    ));
    insta::assert_snapshot!(heir.told(), @r#"
    30000  anna ready
    30000  > refuse the agent's leg with originator_cancel
    30000  13800138000 withdrawn
    30000  call ended
    30000  call ended with network_failure by System
    30000  callback resting after 1
    30000  link sw up
    30000  reconciled: 0 adopted, 2 closed
    "#);
}

#[test]
fn an_agent_rung_in_the_last_instant_of_a_run_is_let_go_and_the_callback_offered_anew() {
    let mut play = calls_back();
    play.asks_to_be_called_back("c1");
    let kept = play.all.len();
    play.ready("anna");
    let ready = play
        .all
        .iter()
        .skip(kept)
        .take(1)
        .cloned()
        .collect::<Vec<_>>();
    let anna = play.rung_last();
    let call = *play.engine.calls.keys().next().unwrap();
    let mut memory = Memory::default();
    for (at, fact) in play.all.iter().take(kept).chain(&ready) {
        memory.apply(*at, fact);
    }
    memory.saw(CommandId(u64::MAX >> 24));
    let mut settings = centre();
    queue(&mut settings, "desk").callback = Some(callbacks());
    let mut heir = Play::told_of(settings);
    heir.at = play.at;
    heir.event(Event::Remembered {
        remembered: memory.remembered(),
    });
    heir.told();
    let device = ringing_for(call, "anna", &anna.parse().unwrap());
    heir.on_switch(SwitchEvent::Snapshot(Snapshot {
        legs: vec![device],
        ..Snapshot::default()
    }));
    heir.accept_orders();
    heir.hangs_up(&anna, Cause::OriginatorCancel);
    insta::assert_snapshot!(heir.told(), @r#"
    30000  > refuse the agent's leg with normal_clearing
    30000  link sw up
    30000  reconciled: 1 adopted, 0 closed
    30000  call arrived
    30000  call transferring
    30000  > ring anna
    30000  anna offered
    30000  callback offered after 0
    "#);
}

//! Why a call still waits and why an agent gets nothing, asked at every turn of
//! a wait.

use super::*;
use crate::engine::cause::Cause;
use crate::engine::centre::{OverflowRule, OverflowTo, OverflowWhen, RouteStep};
use crate::engine::explanation::{Exclusion, Exclusions};
use crate::engine::why::{AgentObstacle, CallObstacle, QueueObstacle, WhyIdle, WhyInQueue};

fn waits(play: &Play) -> WhyInQueue {
    let why = play.engine.why_waiting(play.call(), play.at).unwrap();
    assert_eq!(why.obstacle, None);
    why.queues.into_iter().next().unwrap()
}

fn idle(play: &Play, agent: &str) -> WhyIdle {
    play.engine
        .why_idle(&agent.parse().unwrap(), play.at)
        .unwrap()
}

/// The queue asks for level 3 of its skill, which only bert has, and less later.
fn demanding() -> Play {
    Play::with(|centre| {
        let desk = queue(centre, "desk");
        desk.requires = skills(&[("desk", 3)]);
        desk.steps = vec![RouteStep {
            after: Span::seconds(30),
            requires: skills(&[("desk", 1)]),
            condition: None,
            also: Vec::new(),
            max_level: None,
            priority: 0,
            skip_if: None,
        }];
        desk.overflow = vec![OverflowRule {
            when: OverflowWhen::Wait(Span::seconds(90)),
            to: OverflowTo::Busy,
        }];
    })
}

#[test]
fn what_keeps_a_call_is_told_as_it_changes() {
    let mut play = demanding();
    play.queues_up("c1");
    play.pass(Span::seconds(5));
    let why = waits(&play);
    assert_eq!(why.because, QueueObstacle::NobodySignedIn);
    assert_eq!(why.unsuited, [(Exclusion::Skill, 2)].into());
    let entered = play.at - Span::seconds(5);
    let after = |seconds| Some(entered + Span::seconds(seconds));
    assert_eq!((why.next_step, why.overflows), (after(30), after(90)));
    assert_eq!((why.waited, why.ahead), (Span::seconds(5), 0));

    let break_time = AgentRequest::NotReady {
        reason: OutsideText::new("break"),
    };
    play.agent("bert", break_time);
    assert_eq!(waits(&play).because, QueueObstacle::NobodyReady);

    play.ready("anna");
    assert_eq!(waits(&play).because, QueueObstacle::NobodyReady);
    let why = idle(&play, "anna");
    assert_eq!(why.because, AgentObstacle::NoneSuited);
    assert_eq!(why.queues[0].unsuited, [(Exclusion::Skill, 1)].into());
    let reason = Exclusion::NotReady;
    let because = AgentObstacle::Unavailable { reason };
    assert_eq!(idle(&play, "bert").because, because);

    play.agent("bert", AgentRequest::Ready);
    let why = play.engine.why_waiting(play.call(), play.at).unwrap();
    let agents = vec!["bert".parse().unwrap()];
    assert_eq!(why.obstacle, Some(CallObstacle::Ringing { agents }));
}

#[test]
fn a_second_call_waits_because_everybody_is_busy() {
    let (mut play, _) = Play::talks();
    let first = play.engine.why_waiting(play.call(), play.at).unwrap();
    assert_eq!(first.obstacle, Some(CallObstacle::NotWaiting));
    play.queues_up("c2");
    let second = play.engine.calls().last().unwrap().call;
    let why = &play.engine.why_waiting(second, play.at).unwrap().queues[0];
    assert_eq!(why.because, QueueObstacle::EverybodyBusy);
    assert_eq!(why.suited.count(Exclusion::OnCall), 1);
    let reason = Exclusion::OnCall;
    let because = AgentObstacle::Unavailable { reason };
    assert_eq!(idle(&play, "anna").because, because);
}

#[test]
fn an_agent_for_whom_nobody_calls_is_told_so() {
    let mut play = Play::begin();
    play.ready("anna");
    play.pass(Span::seconds(3));
    play.ready("bert");
    let why = idle(&play, "bert");
    assert_eq!(why.because, AgentObstacle::NothingWaits);
    assert_eq!(why.queues[0].idle_longer, 1);
    assert_eq!(idle(&play, "anna").queues[0].idle_longer, 0);
}

#[test]
fn who_missed_a_call_is_told_how_long_the_rest_lasts() {
    let mut play = Play::begin();
    play.ready("anna");
    play.queues_up("c1");
    let leg = play.rung("anna");
    play.hangs_up(&leg, Cause::NoAnswer);
    let why = idle(&play, "anna");
    let reason = Exclusion::Resting;
    assert_eq!(why.because, AgentObstacle::Unavailable { reason });
    assert!(why.until.is_some());
    assert_eq!(waits(&play).suited.count(Exclusion::Resting), 1);
}

#[test]
fn a_call_on_a_lost_switch_and_one_that_nobody_serves_are_told_apart() {
    let mut play = Play::with(|centre| {
        for name in ["anna", "bert", "carl"] {
            agent(centre, name).queues.clear();
        }
    });
    play.queues_up("c1");
    let why = waits(&play);
    assert_eq!(why.because, QueueObstacle::NobodyServes);
    assert_eq!(why.unsuited, Exclusions::default());
    assert_eq!(idle(&play, "anna").queues, []);
    play.on_switch(link_lost());
    let why = play.engine.why_waiting(play.call(), play.at).unwrap();
    let switch = SWITCH.parse().unwrap();
    assert_eq!(why.obstacle, Some(CallObstacle::SwitchDown { switch }));
}

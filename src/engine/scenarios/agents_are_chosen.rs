//! One agent after the other is chosen for calls that end at once: the order
//! is what a strategy is.

use super::*;
use crate::engine::cause::Cause;
use crate::engine::explanation::Candidate;
use std::num::NonZeroU16;

/// A centre whose queue asks for no skill, so that all three agents serve it.
fn plain(strategy: Strategy, change: impl FnOnce(&mut Centre)) -> Play {
    Play::with(|centre| {
        let desk = queue(centre, "desk");
        desk.strategy = strategy;
        desk.requires.clear();
        desk.wrap_up = Span::ZERO;
        desk.record = false;
        change(centre);
    })
}

fn all_ready(play: &mut Play) {
    for agent in ["anna", "bert", "carl"] {
        play.ready(agent);
        play.pass(Span::seconds(1));
    }
}

/// A call comes, is answered and talks so long. Gives who took it.
fn serve(play: &mut Play, name: &str, talk: Span) -> String {
    play.queues_up(name);
    let agent = offered(play);
    let leg = play.rung(&agent);
    play.answered(&leg);
    play.bridged(name, &leg);
    play.pass(talk);
    play.hangs_up(name, Cause::NormalClearing);
    play.hangs_up(&leg, Cause::NormalClearing);
    play.accept_orders();
    play.pass(Span::seconds(1));
    agent
}

/// Who was rung last.
fn offered(play: &Play) -> String {
    let offered = play.facts.iter().rev().find_map(|fact| match fact {
        Fact::Offered { agent, .. } => Some(agent.to_string()),
        _ => None,
    });
    offered.unwrap()
}

fn served(play: &mut Play, calls: usize, talk: Span) -> Vec<String> {
    let serve = |n| serve(play, &format!("c{n}"), talk);
    (0..calls).map(serve).collect()
}

#[test]
fn longest_idle_goes_round_by_who_ended_first() {
    let mut play = plain(Strategy::LongestIdle, |_| {});
    all_ready(&mut play);
    let order = served(&mut play, 4, Span::seconds(9));
    assert_eq!(order, ["anna", "bert", "carl", "anna"]);
}

#[test]
fn round_robin_goes_by_positions_first_and_by_the_last_offer_then() {
    let mut play = plain(Strategy::RoundRobin, |centre| {
        agent(centre, "carl").queues[0].position = 1;
        agent(centre, "anna").queues[0].position = 2;
        agent(centre, "bert").queues[0].position = 3;
    });
    all_ready(&mut play);
    let order = served(&mut play, 4, Span::seconds(1));
    assert_eq!(order, ["carl", "anna", "bert", "carl"]);
}

#[test]
fn in_order_rings_the_first_position_again_and_again() {
    let mut play = plain(Strategy::InOrder, |centre| {
        agent(centre, "anna").queues[0].position = 2;
        agent(centre, "bert").queues[0].position = 2;
    });
    all_ready(&mut play);
    assert_eq!(served(&mut play, 3, Span::seconds(1)), ["carl"; 3]);
}

#[test]
fn fewest_calls_least_talk_and_least_occupied_bring_everybody_to_the_same() {
    for (strategy, expected) in [
        (Strategy::FewestCalls, ["anna", "bert", "carl", "anna"]),
        (Strategy::LeastTalkTime, ["anna", "bert", "carl", "anna"]),
        (Strategy::LeastOccupied, ["anna", "bert", "carl", "anna"]),
    ] {
        let mut play = plain(strategy, |_| {});
        all_ready(&mut play);
        let order = served(&mut play, 4, Span::seconds(10));
        assert_eq!(order, expected, "{strategy:?}");
    }
}

#[test]
fn least_talk_time_counts_minutes_and_not_calls() {
    let mut play = plain(Strategy::LeastTalkTime, |_| {});
    all_ready(&mut play);
    assert_eq!(serve(&mut play, "long", Span::seconds(60)), "anna");
    let order = served(&mut play, 4, Span::seconds(10));
    assert_eq!(order, ["bert", "carl", "bert", "carl"]);
}

#[test]
fn weighted_share_gives_calls_by_weight() {
    let mut play = plain(Strategy::WeightedShare, |centre| {
        agent(centre, "bert").queues[0].weight = NonZeroU16::new(2).unwrap();
    });
    all_ready(&mut play);
    let order = served(&mut play, 8, Span::seconds(1));
    let of = |name| order.iter().filter(|agent| *agent == name).count();
    assert_eq!((of("anna"), of("bert"), of("carl")), (2, 4, 2));
}

#[test]
fn random_draws_by_the_seed_and_leaves_nobody_out() {
    let order = || {
        let mut play = plain(Strategy::Random, |_| {});
        all_ready(&mut play);
        served(&mut play, 12, Span::seconds(1))
    };
    let (first, again) = (order(), order());
    assert_eq!(first, again);
    for name in ["anna", "bert", "carl"] {
        assert!(first.iter().any(|agent| agent == name), "{first:?}");
    }
}

#[test]
fn best_skill_keeps_the_expert_for_who_can_be_served_by_nobody_better() {
    let mut play = Play::with(|centre| queue(centre, "desk").strategy = Strategy::BestSkill);
    play.ready("anna");
    play.pass(Span::seconds(60));
    play.ready("bert");
    play.queues_up("c1");
    assert_eq!(offered(&play), "bert");
}

#[test]
fn a_lower_level_comes_first_under_every_strategy() {
    for strategy in [
        Strategy::LongestIdle,
        Strategy::RoundRobin,
        Strategy::FewestCalls,
    ] {
        let mut play = plain(strategy, |centre| {
            agent(centre, "anna").queues[0].level = 2;
            agent(centre, "bert").queues[0].level = 2;
        });
        all_ready(&mut play);
        play.queues_up("c1");
        assert_eq!(offered(&play), "carl", "{strategy:?}");
        play.queues_up("c2");
        assert_eq!(offered(&play), "anna", "{strategy:?}");
    }
}

#[test]
fn the_decision_says_what_the_strategy_compared() {
    let mut play = plain(Strategy::FewestCalls, |_| {});
    all_ready(&mut play);
    served(&mut play, 4, Span::seconds(5));
    let explanation = play.facts.iter().rev().find_map(|fact| match fact {
        Fact::Decided { explanation, .. } => Some(explanation),
        _ => None,
    });
    let explanation = explanation.unwrap();
    let measured = |candidate: &Candidate| (candidate.agent.to_string(), candidate.measure);
    let mut seen = vec![measured(&explanation.chosen)];
    seen.extend(explanation.nearest.iter().map(measured));
    let one_call = |name: &str| (name.to_owned(), Some(1));
    assert_eq!(seen, ["anna", "bert", "carl"].map(one_call));
    let size = serde_json::to_string(explanation).unwrap().len();
    assert!(size < 1_024, "{size} bytes");
}

#[test]
fn the_strategy_can_change_while_calls_wait() {
    let mut play = plain(Strategy::LongestIdle, |_| {});
    play.queues_up("c1");
    let mut changed = centre();
    let desk = queue(&mut changed, "desk");
    desk.strategy = Strategy::InOrder;
    desk.requires.clear();
    agent(&mut changed, "anna").queues[0].position = 2;
    play.event(Event::Configured {
        centre: Box::new(changed),
    });
    all_ready(&mut play);
    assert_eq!(offered(&play), "anna");
    play.queues_up("c2");
    assert_eq!(offered(&play), "bert");
}

//! What follows when agents miss the offers of a queue.

use super::*;
use crate::engine::cause::Cause;
use crate::engine::centre::{Missed, MissedOffer, MissedThen};
use std::num::NonZeroU32;

fn policy(rest_s: u32, in_a_row: u32, then: Option<MissedThen>) -> Option<MissedOffer> {
    Some(MissedOffer {
        rest: Some(Span::seconds(rest_s)),
        in_a_row: NonZeroU32::new(in_a_row).unwrap(),
        then,
        notify: in_a_row > 1,
    })
}

fn lunch() -> MissedThen {
    MissedThen::NotReady {
        reason: OutsideText::new("missed"),
    }
}

/// The centre makes agents not ready after two unanswered in a row, and signs
/// out whose device cannot be reached; the queue lets busy ones rest longer.
fn strict() -> Play {
    Play::with(|centre| {
        centre.limits.max_offers = 20;
        centre.missed_offers.no_answer = policy(3, 2, Some(lunch()));
        centre.missed_offers.busy = policy(1, 9, None);
        centre.missed_offers.unreachable = policy(0, 1, Some(MissedThen::SignOut));
        queue(centre, "desk").missed_offers.busy = policy(60, 9, None);
    })
}

fn misses(play: &mut Play, agent: &str, cause: Cause) {
    let leg = play.rung(agent);
    play.hangs_up(&leg, cause);
}

#[test]
fn two_unanswered_in_a_row_make_not_ready_and_one_answered_between_does_not() {
    let mut play = strict();
    play.ready("anna");
    play.queues_up("c1");
    misses(&mut play, "anna", Cause::NoAnswer);
    play.pass(Span::seconds(3));
    play.told();
    let leg = play.rung("anna");
    play.answered(&leg);
    play.bridged("c1", &leg);
    play.hangs_up("c1", Cause::NormalClearing);
    play.hangs_up(&leg, Cause::NormalClearing);
    play.pass(Span::seconds(30));
    play.queues_up("c2");
    play.told();
    misses(&mut play, "anna", Cause::NoAnswer);
    play.pass(Span::seconds(3));
    misses(&mut play, "anna", Cause::NoAnswer);
    insta::assert_snapshot!(play.told(), @r#"
    33000  offer to anna: NoAnswer
    33000  anna ready
    33000  call waiting
    36000  > ring anna
    36000  anna offered
    36000  call offered
    36000  offer to anna: NoAnswer
    36000  anna missed 2 by no_answer, then not_ready:missed, supervisors are told
    36000  anna not_ready
    36000  call waiting
    "#);
    play.ready("anna");
    misses(&mut play, "anna", Cause::NoAnswer);
    insta::assert_snapshot!(play.told(), @r#"
    36000  anna ready
    36000  > ring anna
    36000  anna offered
    36000  call offered
    36000  offer to anna: NoAnswer
    36000  anna ready
    36000  call waiting
    "#);
}

#[test]
fn the_queue_says_how_long_who_is_busy_rests_and_who_cannot_be_reached_is_signed_out() {
    let mut play = strict();
    play.ready("anna");
    play.ready("bert");
    play.queues_up("c1");
    play.told();
    misses(&mut play, "anna", Cause::UserBusy);
    misses(&mut play, "bert", Cause::NotReachable);
    play.pass(Span::seconds(59));
    insta::assert_snapshot!(play.told(), @r#"
    0      offer to anna: Busy
    0      anna ready
    0      call waiting
    0      > ring bert
    0      bert offered
    0      call offered
    0      offer to bert: Unreachable
    0      bert missed 1 by unreachable, then sign_out
    0      bert signed_out
    0      call waiting
    "#);
    play.pass(Span::seconds(1));
    insta::assert_snapshot!(play.told(), @r#"
    60000  > ring anna
    60000  anna offered
    60000  call offered
    "#);
}

#[test]
fn a_killed_controller_counts_on_and_what_the_agent_asked_for_comes_first() {
    let mut play = strict();
    play.ready("anna");
    play.queues_up("c1");
    misses(&mut play, "anna", Cause::NoAnswer);
    play.pass(Span::seconds(3));
    let leg = play.rung("anna");
    let ringing = ringing_for(play.call(), "anna", &leg.parse().unwrap());
    let caller = up("c1", None);
    play.killed(vec![caller, ringing]);
    play.agent("anna", AgentRequest::SignOut);
    play.told();
    misses(&mut play, "anna", Cause::NoAnswer);
    insta::assert_snapshot!(play.told(), @r#"
    3000   offer to anna: NoAnswer
    3000   anna missed 2 by no_answer, then not_ready:missed, supervisors are told
    3000   anna signed_out
    3000   call waiting
    "#);
    assert_eq!(Missed::of(crate::engine::fact::OfferOutcome::Failed), None);
}

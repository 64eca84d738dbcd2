use super::*;
use crate::bench::what_if::{WhatIfBench, centre};
use crate::simulation::what_if::recorded::read;
use crate::store::journal::{Journal, Step};
use std::path::PathBuf;

const WITHIN: Span = Span::seconds(20);
const AGENTS: u32 = 24;

/// A day of 2,400 calls for 24 agents.
async fn recorded(folder: &Path) -> PathBuf {
    let bench = WhatIfBench {
        folder: folder.to_owned(),
        calls: 2_400,
        agents: AGENTS,
        more_percent: 0,
        seed: 3,
    };
    let journal = folder.join("journal");
    bench.record(&journal).await.unwrap();
    journal
}

fn is_near(one: f64, other: f64, tolerance: f64) {
    assert!((one - other).abs() <= tolerance, "{one} {other}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_settings_give_nearly_what_was_recorded_and_more_agents_shorter_waits() {
    let folder = tempfile::tempdir().unwrap();
    let journal = recorded(folder.path()).await;
    let more = centre(AGENTS + 4).unwrap();
    let outcome = run(&journal, &more, WITHIN, 1).unwrap();
    let (was, again, then) = (&outcome.recorded, &outcome.again, &outcome.then);
    assert!(
        was.total.abandoned > 100 && was.total.answered > 1_500,
        "{was:?}"
    );
    assert_eq!(was.calls, again.calls);
    assert_eq!(was.total.entered, again.total.entered);
    // Phones are answered as phones were, not each as it was.
    is_near(
        was.total.service_level_percent,
        again.total.service_level_percent,
        4.0,
    );
    is_near(was.occupancy_percent, again.occupancy_percent, 2.0);
    let share =
        |course: &Course| course.total.abandoned as f64 * 100.0 / course.total.entered as f64;
    is_near(share(was), share(again), 3.0);
    let mean = |course: &Course| course.total.wait_mean_ms as f64;
    is_near(mean(again) / mean(was), 1.0, 0.15);
    assert!(
        mean(then) < mean(again) * 0.9,
        "{} {}",
        mean(then),
        mean(again)
    );
    assert!(then.total.abandoned < again.total.abandoned);
    assert!(then.occupancy_percent < again.occupancy_percent);
    assert_eq!(outcome.remarks.len(), 1, "{:?}", outcome.remarks);
    // The same seed, the same outcome.
    assert_eq!(run(&journal, &more, WITHIN, 1).unwrap(), outcome);
}

#[tokio::test(flavor = "multi_thread")]
async fn hours_keys_and_patience_are_those_of_the_journal() {
    let folder = tempfile::tempdir().unwrap();
    let journal = recorded(folder.path()).await;
    let found = read(&journal, 1).unwrap();
    assert_eq!(found.holes, 0);
    let agents: BTreeSet<_> = found.day.presence.iter().map(|p| p.agent.clone()).collect();
    assert_eq!(agents.len(), AGENTS as usize);
    let breaks = found.day.presence.iter();
    let breaks =
        breaks.filter(|presence| matches!(presence.request, AgentRequest::NotReady { .. }));
    assert_eq!(breaks.count(), AGENTS as usize);
    assert!(found.day.visits.iter().all(|visit| visit.keys.len() == 1));
    assert!(found.day.visits.iter().any(|visit| visit.wrap_up.is_some()));
    assert!(found.day.visits.iter().all(|visit| visit.talk > Span::ZERO));
    let misses = found.day.offers.iter();
    let misses =
        misses.filter(|offer| offer.outcome != crate::engine::fact::OfferOutcome::Accepted);
    assert!((20..90).contains(&misses.count()));
    // Without one of them, nobody keeps that one's hours.
    let fewer = centre(AGENTS - 8).unwrap();
    let outcome = run(&journal, &fewer, WITHIN, 1).unwrap();
    assert!(outcome.then.total.wait_mean_ms > outcome.again.total.wait_mean_ms);
}

#[tokio::test]
async fn a_journal_without_a_day_says_what_is_missing() {
    let folder = tempfile::tempdir().unwrap();
    let error = |journal: &Path| read(journal, 1).err().unwrap().to_string();
    assert!(error(&folder.path().join("nothing")).contains("there is no journal"));
    let path = folder.path().join("journal");
    let journal = Journal::open(&path, Span::seconds(60)).unwrap();
    assert!(error(&path).contains("no entries"), "{}", error(&path));
    let at = crate::simulation::scenario::BEGIN;
    let append = |event| journal.append(Step::new(at, event, Vec::new()));
    append(crate::engine::event::Event::Started { seed: 1 });
    journal.flush().await.unwrap();
    assert!(error(&path).contains("no settings"), "{}", error(&path));
    append(crate::engine::event::Event::Configured {
        centre: Box::new(centre(1).unwrap()),
    });
    journal.flush().await.unwrap();
    assert!(error(&path).contains("no call"), "{}", error(&path));
}

#[test]
fn an_agent_who_is_new_keeps_the_hours_of_one_who_serves_the_same_queue() {
    let (before, after) = (centre(3).unwrap(), centre(5).unwrap());
    let at = crate::simulation::scenario::BEGIN;
    let asks = |agent: &str, seconds, request| Presence {
        at: at + Span::seconds(seconds),
        agent: agent.parse().unwrap(),
        request,
    };
    let day = Day {
        begins: at,
        presence: vec![
            asks("agent0", 10, AgentRequest::Ready),
            asks("agent0", 500, AgentRequest::SignOut),
        ],
        ..Day::default()
    };
    let (staffed, new) = staffed(&day, &before, &after);
    assert_eq!(new, 2);
    let hours = |agent: &str| -> Vec<_> {
        let agent: AgentId = agent.parse().unwrap();
        let own = staffed
            .presence
            .iter()
            .filter(|presence| presence.agent == agent);
        own.map(|presence| presence.request.clone()).collect()
    };
    // agent3 serves q4, q5 and q7, as agent0 serves q4.
    assert_eq!(
        hours("agent3"),
        [AgentRequest::Ready, AgentRequest::SignOut]
    );
    // Nobody who is there serves what agent4 serves: there all day.
    assert_eq!(hours("agent4"), [AgentRequest::Ready]);
    assert!(hours("agent1").is_empty());
}

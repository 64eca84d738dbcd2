//! The phones that the tests against real switches use, tried without a switch.

mod support;

use std::time::Duration;
use support::audio::{Voice, lag, share_of};
use support::phone::{Agent, Caller, free_port};

const SOON: Duration = Duration::from_secs(15);

#[tokio::test]
async fn an_agent_answers_and_hangs_up() {
    if !sipp_is_installed() {
        return;
    }
    let port = free_port();
    let agent = Agent::Answers {
        after_ms: 200,
        talks_ms: 1_500,
    };
    let _agent = agent.at(port, Voice::Echo).await;
    let mut caller = Caller::default()
        .calls(&format!("127.0.0.1:{port}"), "1001", Voice::Silent)
        .await;
    caller.ended(SOON).await.unwrap();
}

#[tokio::test]
async fn a_caller_is_refused_with_busy() {
    if !sipp_is_installed() {
        return;
    }
    let port = free_port();
    let _agent = Agent::Refuses {
        after_ms: 50,
        status: 486,
    }
    .at(port, Voice::Silent)
    .await;
    let mut caller = Caller::default()
        .is_refused(&format!("127.0.0.1:{port}"), "1001", 486)
        .await;
    caller.ended(SOON).await.unwrap();
}

#[tokio::test]
async fn a_caller_gives_up_while_the_phone_rings() {
    if !sipp_is_installed() {
        return;
    }
    let port = free_port();
    let _agent = Agent::NoAnswer.at(port, Voice::Silent).await;
    let mut caller = Caller::default()
        .gives_up(&format!("127.0.0.1:{port}"), "1001", 300)
        .await;
    caller.ended(SOON).await.unwrap();
}

#[test]
fn the_lag_of_an_echo_is_measured() {
    let said: Vec<i16> = (0..32_000)
        .map(|n| Voice::Bursts { hz: 600.0 }.sample(n))
        .collect();
    let echo = [vec![0; 8 * 45], said.clone()].concat();
    let (lag, likeness) = lag(&said, &echo, 500);
    assert_eq!(lag, 45);
    assert!(likeness > 0.95, "{likeness}");
    assert!(share_of(600.0, &said[..1_600]) > 0.9);
}

fn sipp_is_installed() -> bool {
    let installed = std::process::Command::new("sipp")
        .arg("-v")
        .output()
        .is_ok();
    if !installed {
        eprintln!("skipped: SIPp is not installed (Debian package sip-tester)");
    }
    installed
}

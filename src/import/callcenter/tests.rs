//! A `callcenter.conf.xml` becomes sections that our checker accepts, and every
//! line that does not is told.

use super::*;
use crate::config::Config;
use crate::import::callcenter::parameters::{AGENT, QUEUE, SETTINGS, TIER};
use std::path::Path;

const FILE: &str = include_str!("../../../tests/fixtures/import/callcenter.conf.xml");

fn report(imported: &Imported) -> String {
    let lines = imported.remarks.iter();
    let lines = lines.map(|remark| format!("{}: {remark}", remark.line));
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn queues_agents_and_tiers_become_sections() {
    let imported = import(FILE, "fs").unwrap();
    insta::assert_snapshot!(imported.toml);
    insta::assert_snapshot!(report(&imported));
    assert!(!imported.is_complete());
}

#[test]
fn what_is_printed_is_accepted() {
    let imported = import(FILE, "fs").unwrap();
    let text = format!("[switches.fs]\nkind = \"simulated\"\n{}", imported.toml);
    let config = Config::read(Path::new("switchyard.toml"), &text, []).unwrap();
    assert_eq!((config.queues.len(), config.agents.len()), (2, 3));
}

#[test]
fn a_file_whose_every_line_is_taken_over_is_complete() {
    let text = r#"<configuration name="callcenter.conf">
        <queues><queue name="desk"><param name="strategy" value="longest-idle-agent"/></queue></queues>
        <agents><agent name="anna" type="callback" contact="user/1000"/></agents>
        <tiers><tier agent="anna" queue="desk"/></tiers>
        </configuration>"#;
    let imported = import(text, "fs").unwrap();
    assert!(imported.is_complete(), "{}", report(&imported));
}

#[test]
fn what_follows_missed_calls_is_taken_over() {
    let text = r#"<configuration name="callcenter.conf">
        <queues><queue name="desk">
        <param name="strategy" value="longest-idle-agent"/>
        <param name="agent-no-answer-status" value="Logged Out"/>
        </queue></queues>
        <agents><agent name="anna" type="callback" contact="user/1000" max-no-answer="3"
        no-answer-delay-time="4" reject-delay-time="10" busy-delay-time="60"/></agents>
        <tiers><tier agent="anna" queue="desk"/></tiers>
        </configuration>"#;
    let imported = import(text, "fs").unwrap();
    assert!(imported.is_complete(), "{}", report(&imported));
    let missed = "missed_offers = { busy = { rest_s = 60 }, \
                  no_answer = { in_a_row = 3, rest_s = 4, then = \"sign_out\" }, \
                  rejected = { rest_s = 10 } }";
    assert!(imported.toml.contains(missed), "{}", imported.toml);
}

#[test]
fn what_is_no_call_centre_is_refused_with_its_line() {
    let broken = import("<configuration>\n<queues>\n</configuration>", "fs").unwrap_err();
    assert!(broken.to_string().starts_with("line 3: "), "{broken}");
    let other = import("<configuration><profiles/></configuration>", "fs").unwrap_err();
    assert!(matches!(other, ImportError::NotACallcenter));
}

#[test]
fn every_parameter_stands_in_the_guide() {
    let guide = include_str!("../../../docs/migrating-from-mod_callcenter.md");
    for parameter in [SETTINGS, QUEUE, AGENT, TIER].into_iter().flatten() {
        let row = format!("| `{}` |", parameter.name);
        assert!(guide.contains(&row), "the guide lacks {row}");
    }
}

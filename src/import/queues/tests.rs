//! A `queues.conf` becomes sections that our checker accepts, and every line
//! that does not is told.

use super::*;
use crate::config::Config;
use crate::import::queues::parameters::{GENERAL, QUEUE};
use std::path::Path;

const FILE: &str = include_str!("../../../tests/fixtures/import/queues.conf");

fn report(imported: &Imported) -> String {
    let lines = imported.remarks.iter();
    let lines = lines.map(|remark| format!("{}: {remark}", remark.line));
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn queues_templates_and_members_become_sections() {
    let imported = import(FILE, "pbx").unwrap();
    insta::assert_snapshot!(imported.toml);
    insta::assert_snapshot!(report(&imported));
    assert!(!imported.is_complete());
}

#[test]
fn what_is_printed_is_accepted() {
    let imported = import(FILE, "pbx").unwrap();
    let text = format!("[switches.pbx]\nkind = \"simulated\"\n{}", imported.toml);
    let config = Config::read(Path::new("switchyard.toml"), &text, []).unwrap();
    assert_eq!((config.queues.len(), config.agents.len()), (3, 4));
}

#[test]
fn a_file_whose_every_line_is_taken_over_is_complete() {
    let text = "[desk]\nstrategy = leastrecent\ntimeout = 20\nmember => PJSIP/1000\n";
    let imported = import(text, "pbx").unwrap();
    assert!(imported.is_complete(), "{}", report(&imported));
}

#[test]
fn every_parameter_stands_in_the_guide() {
    let guide = include_str!("../../../docs/migrating-from-app_queue.md");
    for parameter in [GENERAL, QUEUE].into_iter().flatten() {
        let row = format!("| `{}` |", parameter.name);
        assert!(guide.contains(&row), "the guide lacks {row}");
    }
}

//! Whole centres in virtual time, judged after every step: without faults, with
//! each kind of fault alone and with all of them together, over fixed seeds and
//! over seeds that nobody has seen before.

use std::path::Path;
use std::time::{Duration, Instant};
use switchyard::config::finding::ConfigErrors;
use switchyard::simulation::harness;
use switchyard::simulation::report::Report;
use switchyard::simulation::scenario::Scenario;

const SCENARIOS: [&str; 4] = ["hotel", "hospital", "clinic", "two_sites"];

/// What goes wrong, one kind at a time.
const FAULTS: [&[(&str, &str)]; 11] = [
    &[("link_cuts_every_s", "60")],
    &[("crashes_every_s", "60")],
    &[("lost_events_percent", "0.5")],
    &[("duplicated_events_percent", "2")],
    &[("reordered_events_percent", "3")],
    &[("late_events_percent", "1"), ("late_answers_percent", "1")],
    &[("failed_commands_percent", "1")],
    &[("lost_commands_percent", "0.5")],
    &[("switch_restarts_every_s", "600")],
    &[("clock_jumps_every_s", "200")],
    &[("disk_stalls_every_s", "60")],
];

/// Everything at once.
const STORM: [(&str, &str); 8] = [
    ("duplicated_events_percent", "1"),
    ("reordered_events_percent", "1"),
    ("late_events_percent", "0.5"),
    ("late_answers_percent", "1"),
    ("failed_commands_percent", "0.5"),
    ("lost_commands_percent", "0.3"),
    ("clock_jumps_every_s", "300"),
    ("disk_stalls_every_s", "120"),
];

fn scenario(name: &str, faults: &[(&str, &str)]) -> Scenario {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/scenarios")
        .join(format!("{name}.toml"));
    let faults: Vec<_> = faults
        .iter()
        .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
        .collect();
    match Scenario::load(&path, &faults) {
        Ok(scenario) => scenario,
        Err(errors) => panic!("{errors}"),
    }
}

/// Runs one seed; a broken rule is told with the command line that shows it again.
fn run(name: &str, faults: &[(&str, &str)], seed: u64) -> Report {
    let report = harness::run(&scenario(name, faults), seed, None).expect("no trace is written");
    if let Some(found) = &report.violation {
        let faults: String = faults
            .iter()
            .map(|(key, value)| format!(" --fault {key}={value}"))
            .collect();
        panic!(
            "{}: {} (after {} ms, step {})\n  again: switchyard simulate tests/scenarios/{name}.toml \
             --seed {seed}{faults}",
            found.rule, found.detail, found.after_ms, found.step
        );
    }
    assert!(report.settled, "{name} with seed {seed} came to no rest");
    report
}

#[test]
fn without_faults_every_call_ends_once_and_nobody_is_turned_away() {
    for name in SCENARIOS {
        let report = run(name, &[], 1);
        assert_eq!(report.calls.started, report.calls.ended);
        // Fewer where people call again, and agents dial, as much as in the clinic.
        assert!(
            report.calls.answered > report.calls.started / 5,
            "{report:?}"
        );
        for tally in report.people.values() {
            assert_eq!(tally.double_offered, 0);
            assert_eq!(tally.fallbacks, 0);
        }
    }
}

#[test]
fn the_same_seed_gives_the_same_trace_and_another_seed_another() {
    let trace = |seed| run("hospital", &STORM, seed).trace;
    let first = trace(3);
    assert_eq!(first, trace(3));
    assert_ne!(first, trace(4));
}

#[test]
fn no_fault_alone_breaks_a_rule() {
    for (nth, faults) in FAULTS.iter().enumerate() {
        let name = SCENARIOS[nth % SCENARIOS.len()];
        let report = run(name, faults, 10 + nth as u64);
        assert!(
            !report.faults.is_empty(),
            "nothing went wrong with {faults:?}"
        );
    }
}

#[test]
fn all_faults_together_break_no_rule() {
    for (nth, name) in SCENARIOS.iter().enumerate() {
        for seed in 0..2 {
            run(name, &STORM, 100 + 10 * nth as u64 + seed);
        }
    }
}

/// Until no more new seeds are begun.
const NEW_SEEDS_FOR: Duration = Duration::from_secs(40);

#[test]
fn seeds_that_nobody_has_seen_break_no_rule() {
    #[expect(clippy::disallowed_methods, reason = "fresh seeds, for a limited time")]
    let (fresh, began) = (switchyard::clock::now().as_millis(), Instant::now());
    let first = u64::try_from(fresh).expect("a time after 1970");
    for seed in first..first + 1_000 {
        let name = SCENARIOS[usize::try_from(seed % 3).expect("below 3")];
        println!("{name} with seed {seed}");
        run(name, &STORM, seed);
        if began.elapsed() > NEW_SEEDS_FOR {
            break;
        }
    }
}

#[test]
fn mistakes_in_a_scenario_are_told_all_at_once_with_their_lines() {
    let text = "\
name = \"x\"
lasts_min = 0
[config.switches.sim]
kind = \"simulated\"
[config.numbers.4001]
flow = \"nowhere\"
[callers.guests]
per_hour = -1
paticence_s = 3
[faults]
lost_events_percent = 200
";
    let found = match Scenario::parse(Path::new("x.toml"), text, &[]) {
        Err(ConfigErrors::Found(findings)) => findings,
        other => panic!("{other:?}"),
    };
    let told: Vec<String> = found.iter().map(ToString::to_string).collect();
    insta::assert_snapshot!(told.join("\n"), @r#"
    x.toml:2:13: error: lasts_min: invalid value: integer `0`, expected a whole number of at least 1
    x.toml:6:8: error: numbers.4001.flow: unknown flow "nowhere"
    x.toml:8:12: error: callers.guests.per_hour: invalid value: integer `-1`, expected a whole number that is not negative
    x.toml:9:1: error: callers.guests.paticence_s: unknown key
        did you mean "patience_s"?
    x.toml:11:23: error: faults.lost_events_percent: must be a number of percent from 0 to 100
    "#);
}

//! A recorded journal goes through the engine once more: the same commands come
//! out, and the first one that does not is told, as is what is missing.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::Path;
use std::process::Command as Process;
use switchyard::bench::rehearsal;
use switchyard::engine::command::Command;
use switchyard::engine::event::Event;
use switchyard::engine::time::Span;
use switchyard::replay::{Hole, ReplayReport, replay};
use switchyard::store::journal::{Journal, Reader, Step};

const YEARS: Span = Span::seconds(1_000_000_000);

/// A journal of two runs.
async fn record(path: &Path, change: impl Fn(u64, &mut Step)) {
    let journal = Journal::open(path, YEARS).unwrap();
    for _ in 0..2 {
        for mut step in rehearsal::steps(10).unwrap() {
            let seq = *journal.durable().borrow() + 1;
            change(seq, &mut step);
            let seq = journal.append(step);
            journal.kept(seq).await.unwrap();
        }
    }
    journal.close().await;
}

fn replayed(path: &Path) -> ReplayReport {
    replay(&mut Reader::open(path).unwrap()).unwrap()
}

#[tokio::test]
async fn what_was_recorded_is_decided_again_in_the_same_way() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal");
    record(&path, |_, _| {}).await;
    let report = replayed(&path);
    assert!(report.difference.is_none(), "{:?}", report.difference);
    assert_eq!((report.runs, report.before_first_run), (2, 0));
    assert_eq!(report.compared, report.entries);
    assert!(
        report.entries > 300 && report.holes.is_empty(),
        "{report:?}"
    );

    let (code, text) = run(&path, &[]);
    assert_eq!(code, 0, "{text}");
    assert!(text.contains("No difference."), "{text}");
}

#[tokio::test]
async fn the_first_difference_is_told_with_both_commands() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal");
    record(&path, |seq, step| {
        if seq >= 150 {
            for command in &mut step.commands {
                if let Command::Switch(order) = command {
                    order.switch = "elsewhere".parse().unwrap();
                }
            }
        }
    })
    .await;
    let report = replayed(&path);
    let difference = report.difference.unwrap();
    assert!(difference.seq >= 150, "{difference:?}");
    assert!(difference.expected.unwrap().contains("elsewhere"));
    assert!(difference.got.unwrap().contains("\"sim\""));

    let (code, text) = run(&path, &[]);
    assert_eq!(code, 1, "{text}");
    assert!(text.contains("First difference: entry"), "{text}");
    let (code, json) = run(&path, &["--json"]);
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(
        (code, &json["difference"]["seq"]),
        (1, &difference.seq.into())
    );
}

#[tokio::test]
async fn what_is_missing_is_named_and_what_follows_it_is_not_judged() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal");
    record(&path, |_, _| {}).await;
    let segment = path.read_dir().unwrap().find_map(|file| {
        let file = file.unwrap().path();
        file.extension()
            .is_some_and(|kind| kind == "log")
            .then_some(file)
    });
    let segment = segment.unwrap();
    let text = std::fs::read_to_string(&segment).unwrap();
    let lines: Vec<&str> = text.lines().collect();

    // One line in the middle of the first run is gone.
    let without = |removed: usize| {
        let kept = lines.iter().enumerate().filter(|(nth, _)| *nth != removed);
        let kept: String = kept.map(|(_, line)| format!("{line}\n")).collect();
        std::fs::write(&segment, kept).unwrap();
        replayed(&path)
    };
    let report = without(100);
    assert!(report.difference.is_none(), "{:?}", report.difference);
    assert!(
        matches!(report.holes[..], [Hole::Missing { from: 100, to: 100 }]),
        "{:?}",
        report.holes
    );
    assert_eq!(
        (report.runs, report.compared),
        (2, report.entries - report.after_holes)
    );

    // The beginning of the first run was removed.
    let report = without(1);
    assert_eq!(report.runs, 1);
    assert!(report.before_first_run > 100 && report.difference.is_none());
    let (code, text) = run(&path, &[]);
    assert_eq!(code, 0, "{text}");
    assert!(text.contains("whose beginning was removed"), "{text}");
}

#[tokio::test]
async fn a_journal_without_the_beginning_of_a_run_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal");
    let journal = Journal::open(&path, YEARS).unwrap();
    let steps = rehearsal::steps(2).unwrap();
    for step in steps {
        if !matches!(step.event, Event::Started { .. }) {
            journal.append(step);
        }
    }
    journal.close().await;
    let (code, text) = run(&path, &[]);
    assert_eq!(code, 1, "{text}");
    assert!(text.contains("nothing could be compared"), "{text}");
    let (code, text) = run(&folder.path().join("none"), &[]);
    assert_eq!(code, 1, "{text}");
}

/// The exit code and what was printed.
fn run(path: &Path, arguments: &[&str]) -> (i32, String) {
    let done = Process::new(env!("CARGO_BIN_EXE_switchyard"))
        .arg("replay")
        .arg(path)
        .args(arguments)
        .output()
        .unwrap();
    let text = String::from_utf8(done.stdout).unwrap();
    (done.status.code().unwrap(), text)
}

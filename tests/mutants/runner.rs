//! Runs the trials once for each deliberate bug that is built in, and once
//! without any. Not part of the product; see `every_deliberate_bug_is_caught.rs`.

mod clock {
    pub(crate) mod steady;
}
mod engine;
mod nearest;
mod simulation;
mod switch;

use simulation::scenario::Scenario;
use std::cell::Cell;
use std::sync::atomic::{AtomicUsize, Ordering};

thread_local! {
    static ACTIVE: Cell<usize> = const { Cell::new(0) };
}

/// Whether this bug is switched on.
pub(crate) fn mutant(number: usize) -> bool {
    ACTIVE.get() == number
}

fn main() {
    let mut arguments = std::env::args().skip(1);
    let plan = arguments.next().expect("the file of trials");
    let count: usize = arguments.next().expect("how many bugs").parse().expect("a number");
    let text = std::fs::read_to_string(plan).expect("the file of trials can be read");
    let trials: Vec<(Scenario, Vec<u64>)> = serde_json::from_str(&text).expect("trials");
    // A bug may make the engine panic, which is one way to be caught.
    std::panic::set_hook(Box::new(|_| {}));
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number > count {
                        return;
                    }
                    ACTIVE.set(number);
                    let caught = first_broken(&trials);
                    println!("{}", serde_json::json!({ "mutant": number, "caught": caught }));
                }
            });
        }
    });
}

/// The first rule that a trial breaks.
fn first_broken(trials: &[(Scenario, Vec<u64>)]) -> Option<String> {
    trials.iter().find_map(|(scenario, seeds)| {
        seeds.iter().find_map(|seed| {
            let report = simulation::harness::run(scenario, *seed, None).expect("no trace");
            let found = report.violation?;
            Some(format!("{}: {} ({} seed {seed})", found.rule, found.detail, scenario.name))
        })
    })
}

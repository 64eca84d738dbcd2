//! The judge of the simulation is judged: every deliberate bug of
//! `tests/mutants/list.toml` must be caught by the rules that a simulation
//! checks, and without any of them the same runs must break no rule.
//!
//! All bugs are built into one copy of the pure core, each behind a switch of
//! its own, so that one compilation serves them all; the product itself knows
//! nothing of them. A bug whose text no longer stands in its file fails the test.

use serde::Deserialize;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use switchyard::simulation::scenario::Scenario;

/// What the core is made of, below `src`.
const CORE: [&str; 7] = [
    "clock/steady.rs",
    "engine",
    "nearest.rs",
    "simulation",
    "switch/mod.rs",
    "switch/simulated",
    "switch/target.rs",
];
/// What of it needs more than the core.
const OUTSIDE: [&str; 5] = [
    "simulation/file.rs",
    "simulation/what_if",
    "switch/simulated/drive.rs",
    "switch/simulated/esl",
    "switch/simulated/folder.rs",
];
const PACKAGES: [&str; 10] = [
    "cel",
    "hex",
    "hound",
    "rand",
    "rand_pcg",
    "serde",
    "serde_json",
    "sha2",
    "thiserror",
    "ulid",
];

/// Scenario, faults and seeds.
type Trial = (
    &'static str,
    &'static [(&'static str, &'static str)],
    &'static [u64],
);

/// The runs in which a bug may show.
const TRIALS: [Trial; 6] = [
    ("hospital", &[], &[1]),
    (
        "hotel",
        &[
            ("duplicated_events_percent", "2"),
            ("reordered_events_percent", "2"),
            ("late_events_percent", "1"),
            ("failed_commands_percent", "1"),
            ("lost_commands_percent", "0.5"),
            ("partings_percent", "5"),
        ],
        &[1],
    ),
    ("clinic", &[], &[1]),
    ("hospital", &[("link_cuts_every_s", "60")], &[1, 2]),
    ("hotel", &[("crashes_every_s", "60")], &[1, 2]),
    ("hospital", &[("crashes_every_s", "20")], &[1, 2, 3]),
];

#[derive(Deserialize)]
struct List {
    mutant: Vec<Mutant>,
}

/// A deliberate bug.
#[derive(Deserialize)]
struct Mutant {
    /// What it breaks.
    name: String,
    /// Below `src`.
    file: String,
    /// Stands exactly once in the file: an expression, or statements with their semicolons.
    text: String,
    /// Stands there instead.
    with: String,
}

/// What the runner says of one bug, or of none (0).
#[derive(Deserialize)]
struct Verdict {
    mutant: usize,
    caught: Option<String>,
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn list() -> Vec<Mutant> {
    let text = fs::read_to_string(root().join("tests/mutants/list.toml")).expect("the list");
    toml::from_str::<List>(&text)
        .expect("a list of mutants")
        .mutant
}

/// The sources of the core, by their path below `src`.
fn core() -> BTreeMap<String, String> {
    let mut sources = BTreeMap::new();
    for part in CORE {
        gather(part, &mut sources);
    }
    let parts: Vec<String> = sources.keys().cloned().collect();
    for (file, text) in &mut sources {
        if let Some(folder) = file.strip_suffix("mod.rs") {
            *text = without_outsiders(folder, text, &parts);
        }
    }
    sources
}

/// A module's text without the lines that speak of modules that are not of the core.
fn without_outsiders(folder: &str, text: &str, parts: &[String]) -> String {
    let names = text.lines().filter_map(|line| {
        let line = line
            .trim_start_matches("pub(crate) ")
            .trim_start_matches("pub ");
        line.strip_prefix("mod ")?.strip_suffix(';')
    });
    let outsiders: Vec<&str> = names
        .filter(|name| {
            let within = |file: &str| parts.iter().any(|part| *part == format!("{folder}{file}"));
            !within(&format!("{name}.rs")) && !within(&format!("{name}/mod.rs"))
        })
        .collect();
    let of_outsider = |line: &&str| {
        outsiders.iter().any(|name| {
            line.ends_with(&format!("mod {name};"))
                || line.starts_with(&format!("pub use {name}::"))
        })
    };
    let kept: Vec<&str> = text.lines().filter(|line| !of_outsider(line)).collect();
    kept.join("\n") + "\n"
}

fn gather(part: &str, sources: &mut BTreeMap<String, String>) {
    let path = root().join("src").join(part);
    if OUTSIDE.contains(&part) {
        return;
    }
    if path.is_dir() {
        for entry in fs::read_dir(path).expect("a folder of sources") {
            let name = entry.expect("an entry").file_name();
            gather(&format!("{part}/{}", name.to_string_lossy()), sources);
        }
    } else if part.ends_with(".rs") {
        let text = fs::read_to_string(path).expect("a source");
        sources.insert(part.to_owned(), text);
    }
}

/// Puts every bug into the sources, each behind its switch.
fn plant(mutants: &[Mutant], sources: &mut BTreeMap<String, String>) {
    let mut places: BTreeMap<(&str, usize), Vec<usize>> = BTreeMap::new();
    let mut gone = Vec::new();
    for (nth, mutant) in mutants.iter().enumerate() {
        let text = sources.get(&mutant.file).map_or("", String::as_str);
        let mut found = text.match_indices(mutant.text.trim());
        match (found.next(), found.next()) {
            (Some((at, _)), None) => places.entry((&mutant.file, at)).or_default().push(nth),
            (first, _) => gone.push(format!(
                "{}: its text stands {} in {}",
                mutant.name,
                if first.is_some() {
                    "more than once"
                } else {
                    "nowhere"
                },
                mutant.file
            )),
        }
    }
    assert!(gone.is_empty(), "bugs to be renewed:\n{}", gone.join("\n"));
    // From the end, so that earlier places stay where they are.
    let mut last: Option<(&str, usize)> = None;
    for ((file, at), planted) in places.into_iter().rev() {
        let original = mutants[planted[0]].text.trim();
        let end = at + original.len();
        if let Some((_, next)) = last.filter(|(other, _)| *other == file) {
            let name = &mutants[planted[0]].name;
            assert!(end <= next, "{name}: its text overlaps another's");
        }
        last = Some((file, at));
        let mut choice = String::new();
        for nth in planted {
            let mutant = &mutants[nth];
            assert_eq!(mutant.text.trim(), original, "{}: overlaps", mutant.name);
            choice += &format!("if crate::mutant({}) {{ {} }} else ", nth + 1, mutant.with);
        }
        choice += &format!("{{ {original} }}");
        if !original.ends_with(';') && !original.ends_with('}') {
            choice = format!("({choice})");
        }
        let source = sources.get_mut(file).expect("found above");
        source.replace_range(at..end, &choice);
    }
}

/// Writes a file unless it says the same already, so that cargo does not build for nothing.
fn write(path: &Path, text: &str) {
    if fs::read_to_string(path).is_ok_and(|there| there == text) {
        return;
    }
    fs::create_dir_all(path.parent().expect("a folder")).expect("a folder for it");
    fs::write(path, text).expect("the file can be written");
}

fn manifest() -> String {
    let own = fs::read_to_string(root().join("Cargo.toml")).expect("Cargo.toml");
    let wanted = |line: &&str| {
        let name = line.split(" =").next().unwrap_or_default();
        PACKAGES.contains(&name)
    };
    let dependencies: Vec<&str> = own.lines().filter(wanted).collect();
    format!(
        "[package]\nname = \"mutants\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n[workspace]\n\n\
         [dependencies]\n{}\n\n[profile.dev]\ndebug = false\n\n[profile.dev.package.\"*\"]\n\
         opt-level = 1\n",
        dependencies.join("\n")
    )
}

const MAIN: &str = include_str!("mutants/runner.rs");

/// Builds the core with its bugs; the program that runs them.
fn build(mutants: &[Mutant]) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("mutants");
    let mut sources = core();
    plant(mutants, &mut sources);
    for (path, text) in &sources {
        write(&folder.join("src").join(path), text);
    }
    write(&folder.join("src/main.rs"), MAIN);
    write(&folder.join("Cargo.toml"), &manifest());
    let lock = fs::read_to_string(root().join("Cargo.lock")).expect("Cargo.lock");
    let own_lock = folder.join("Cargo.lock");
    if !own_lock.exists() {
        write(&own_lock, &lock);
    }
    let built = Command::new(env!("CARGO"))
        .args(["build", "--quiet", "--offline"])
        .env("CARGO_TARGET_DIR", folder.join("target"))
        .env_remove("RUSTFLAGS")
        .current_dir(&folder)
        .output()
        .expect("cargo runs");
    let errors = String::from_utf8_lossy(&built.stderr);
    assert!(built.status.success(), "the bugs do not compile:\n{errors}");
    folder.join("target/debug/mutants")
}

fn trials() -> String {
    let trials: Vec<_> = TRIALS
        .iter()
        .map(|(name, faults, seeds)| {
            let path = root().join(format!("tests/scenarios/{name}.toml"));
            let faults: Vec<_> = faults
                .iter()
                .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
                .collect();
            let scenario = Scenario::load(&path, &faults).expect("a sound scenario");
            (scenario, seeds)
        })
        .collect();
    serde_json::to_string(&trials).expect("JSON")
}

#[test]
fn every_deliberate_bug_breaks_a_rule_and_none_is_broken_without() {
    let mutants = list();
    assert!(mutants.len() >= 20, "only {} bugs", mutants.len());
    let program = build(&mutants);
    let plan = program.with_file_name("trials.json");
    write(&plan, &trials());
    let ran = Command::new(&program)
        .arg(&plan)
        .arg(mutants.len().to_string())
        .output()
        .expect("the runner runs");
    assert!(
        ran.status.success(),
        "{}",
        String::from_utf8_lossy(&ran.stderr)
    );
    let text = String::from_utf8(ran.stdout).expect("text");
    let verdicts: Vec<Verdict> = text
        .lines()
        .map(|line| serde_json::from_str(line).expect("a verdict"))
        .collect();
    assert_eq!(verdicts.len(), mutants.len() + 1);
    let mut missed = Vec::new();
    for verdict in &verdicts {
        match (verdict.mutant.checked_sub(1), &verdict.caught) {
            (None, Some(rule)) => panic!("without any bug a rule is broken: {rule}"),
            (None, None) => println!("no bug: no rule is broken"),
            (Some(nth), Some(rule)) => println!("{}: {rule}", mutants[nth].name),
            (Some(nth), None) => missed.push(mutants[nth].name.as_str()),
        }
    }
    assert!(missed.is_empty(), "not caught:\n{}", missed.join("\n"));
}

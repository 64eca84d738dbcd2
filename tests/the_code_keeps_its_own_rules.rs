//! Habits that no compiler checks: the pure core stays pure, files stay
//! short, and nothing that belongs to one machine is committed.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::{Path, PathBuf};
use std::process::Command;

const LONGEST_FILE: usize = 800;

/// A committed text file.
struct Source {
    /// From the root of the repository.
    path: PathBuf,
    text: String,
}

impl Source {
    fn is(&self, extensions: &[&str]) -> bool {
        self.path
            .extension()
            .is_some_and(|found| extensions.iter().any(|wanted| found == *wanted))
    }

    fn below(&self, folder: &str) -> bool {
        self.path.starts_with(folder)
    }

    /// Lines that say one of `words`, as `path:line: word`.
    fn lines_with(&self, words: &[String]) -> Vec<String> {
        let said = |line: &str| {
            words
                .iter()
                .find(|word| line.contains(word.as_str()))
                .cloned()
        };
        self.text
            .lines()
            .enumerate()
            .filter_map(|(number, line)| {
                said(line).map(|word| format!("{}:{}: {word}", self.path.display(), number + 1))
            })
            .collect()
    }
}

/// Every file that is committed or about to be.
fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let listed = Command::new("git")
        .args(["ls-files", "--cached", "--others", "--exclude-standard"])
        .current_dir(root)
        .output()
        .expect("git is needed to list the files");
    assert!(
        listed.status.success(),
        "git ls-files: {}",
        String::from_utf8_lossy(&listed.stderr)
    );
    let sources: Vec<Source> = String::from_utf8(listed.stdout)
        .unwrap()
        .lines()
        .filter_map(|line| {
            // Not text (a sound, a picture), or deleted and not yet committed.
            let text = std::fs::read_to_string(root.join(line)).ok()?;
            Some(Source {
                path: PathBuf::from(line),
                text,
            })
        })
        .collect();
    assert!(sources.len() > 20, "only {} files found", sources.len());
    sources
}

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

fn assert_none(found: Vec<String>, rule: &str) {
    assert!(found.is_empty(), "{rule}:\n  {}", found.join("\n  "));
}

#[test]
fn the_engine_knows_no_input_output_and_no_clock() {
    let forbidden = words(&[
        "tokio",
        "diesel",
        "axum",
        "reqwest",
        "async fn",
        ".await",
        "Instant",
        "SystemTime",
        "std::fs",
        "std::net",
        "std::env",
        "std::thread",
        "HashMap",
        "HashSet",
        "crate::config",
        "crate::store",
        "crate::runtime",
        "crate::web",
    ]);
    let found = sources()
        .iter()
        .filter(|source| source.below("src/engine") && source.is(&["rs"]))
        .flat_map(|source| source.lines_with(&forbidden))
        .collect();
    assert_none(
        found,
        "src/engine is pure; hand it in as an event or as data",
    );
}

#[test]
fn no_file_is_too_long() {
    let found = sources()
        .iter()
        .filter(|source| source.is(&["rs", "ts", "sh", "hbs", "sql"]))
        .filter(|source| source.text.lines().count() > LONGEST_FILE)
        .map(|source| {
            format!(
                "{}: {} lines",
                source.path.display(),
                source.text.lines().count()
            )
        })
        .collect();
    assert_none(found, "one noun per file, at most 800 lines");
}

#[test]
fn nothing_is_left_to_do() {
    // Put together, so that this file does not find itself.
    let forbidden = ["to", "unimplemen"]
        .iter()
        .zip(["do!", "ted!"])
        .map(|(a, b)| format!("{a}{b}("));
    let forbidden: Vec<String> = forbidden.collect();
    let found = sources()
        .iter()
        .filter(|source| source.is(&["rs"]))
        .flat_map(|source| source.lines_with(&forbidden))
        .collect();
    assert_none(found, "finish it or leave it out");
}

#[test]
fn lints_are_expected_with_a_reason_and_never_allowed() {
    let forbidden = [format!("#[{}(", "allow"), format!("#![{}(", "allow")];
    // What several test crates share is never wholly used by any of them.
    let found = sources()
        .iter()
        .filter(|source| source.is(&["rs"]) && source.below("src"))
        .flat_map(|source| source.lines_with(&forbidden))
        .collect();
    assert_none(found, "use #[expect(lint, reason = \"...\")]");
}

#[test]
fn nothing_belongs_to_one_machine() {
    let forbidden: Vec<String> = ["work", "home", "Users"]
        .iter()
        .map(|folder| format!("/{folder}/"))
        .collect();
    let texts = [
        "rs", "toml", "hbs", "sh", "md", "sql", "conf", "xml", "yml", "yaml", "ts",
    ];
    let found = sources()
        .iter()
        .filter(|source| source.is(&texts) || source.path.extension().is_none())
        .flat_map(|source| source.lines_with(&forbidden))
        .collect();
    assert_none(
        found,
        "name folders from the configuration or the repository",
    );
}

#[test]
fn nobody_keeps_a_drawer_for_everything() {
    let found = sources()
        .iter()
        .filter(|source| source.is(&["rs", "ts"]))
        .filter(|source| {
            let named = |part: &std::ffi::OsStr| {
                let part = part.to_string_lossy();
                ["utils", "util", "helpers", "misc", "common"]
                    .contains(&part.split('.').next().unwrap_or_default())
            };
            source.path.iter().any(named)
        })
        .map(|source| source.path.display().to_string())
        .collect();
    assert_none(found, "name a file by the noun it is about");
}

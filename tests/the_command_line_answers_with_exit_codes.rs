//! The program as a user meets it: its exit codes, and what it prints for
//! people and for programs.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::Path;
use std::process::{Command, Output};

fn switchyard(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_switchyard"));
    command.current_dir(folder).args(arguments);
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("SWITCHYARD_") {
            command.env_remove(name);
        }
    }
    command.output().unwrap()
}

fn code(output: &Output) -> i32 {
    output.status.code().unwrap()
}

fn out(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn err(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// A folder with a sound `switchyard.toml` whose store lies beside it.
fn centre() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let example = switchyard(folder.path(), &["check", "--print-example"]);
    assert_eq!(code(&example), 0);
    let here = folder.path().display().to_string();
    let text = out(&example)
        .replace(
            "#url = \"sqlite:///var/lib/switchyard",
            &format!("url = \"sqlite://{here}"),
        )
        .replace("#path = \"/var/lib/switchyard", &format!("path = \"{here}"))
        .replace(
            "#folder = \"/var/lib/switchyard",
            &format!("folder = \"{here}"),
        );
    std::fs::write(folder.path().join("switchyard.toml"), text).unwrap();
    folder
}

#[test]
fn the_printed_example_passes_the_check() {
    let folder = centre();
    let check = switchyard(folder.path(), &["check"]);
    assert_eq!(
        (code(&check), out(&check).trim()),
        (0, "switchyard.toml: nothing wrong was found")
    );
}

#[test]
fn a_mistake_exits_1_and_is_told_to_programs_too() {
    let folder = centre();
    let broken = "[stroe]\n";
    std::fs::write(folder.path().join("broken.toml"), broken).unwrap();
    let check = switchyard(
        folder.path(),
        &["--config", "broken.toml", "check", "--json"],
    );
    assert_eq!(code(&check), 1);
    let findings: serde_json::Value = serde_json::from_str(&out(&check)).unwrap();
    let first = findings
        .as_array()
        .unwrap()
        .iter()
        .find(|finding| finding["subject"] == "stroe")
        .unwrap();
    assert_eq!(first["severity"], "error");
    assert_eq!(first["place"]["line"], 1);
    assert_eq!(first["repair"], "did you mean \"store\"?");

    let serve = switchyard(folder.path(), &["--config", "broken.toml", "serve"]);
    assert_eq!(code(&serve), 1);
    assert!(err(&serve).contains("broken.toml:1:2"), "{}", err(&serve));
}

#[test]
fn without_a_configuration_it_says_where_it_looked() {
    let folder = tempfile::tempdir().unwrap();
    let check = switchyard(folder.path(), &["check"]);
    if Path::new("/etc/switchyard/switchyard.toml").exists() {
        eprintln!("skipped: this machine has /etc/switchyard/switchyard.toml");
        return;
    }
    assert_eq!(code(&check), 1);
    assert!(err(&check).contains("--print-example"), "{}", err(&check));
}

#[test]
fn wrong_usage_exits_2() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(code(&switchyard(folder.path(), &["bogus"])), 2);
    assert_eq!(
        code(&switchyard(folder.path(), &["explain", "not-a-call"])),
        2
    );
    assert_eq!(
        code(&switchyard(
            folder.path(),
            &["render", "dialplan", "--switch", "pbx2000"]
        )),
        2
    );
}

#[test]
fn every_subcommand_explains_itself_with_an_example() {
    let folder = tempfile::tempdir().unwrap();
    let subcommands = [
        "serve",
        "demo",
        "check",
        "doctor",
        "migrate",
        "calls",
        "request",
        "explain",
        "simulate-switch",
    ];
    for subcommand in subcommands {
        let help = out(&switchyard(folder.path(), &[subcommand, "--help"]));
        assert!(help.contains("Example"), "{subcommand}: {help}");
    }
    let help = out(&switchyard(
        folder.path(),
        &["render", "dialplan", "--help"],
    ));
    assert!(help.contains("Example"), "{help}");
}

#[test]
fn a_new_store_is_migrated_once_and_then_has_no_calls() {
    let folder = centre();
    let before = switchyard(folder.path(), &["calls", "list"]);
    assert_eq!(code(&before), 1);
    assert!(
        err(&before).contains("switchyard migrate"),
        "{}",
        err(&before)
    );

    let first = switchyard(folder.path(), &["migrate", "--json"]);
    assert_eq!(code(&first), 0, "{}", err(&first));
    assert!(out(&first).contains("2026"), "{}", out(&first));
    let again = switchyard(folder.path(), &["migrate", "--json"]);
    assert_eq!((code(&again), out(&again).trim()), (0, "[]"));

    let calls = switchyard(folder.path(), &["calls", "list", "--json"]);
    assert_eq!(code(&calls), 0);
    assert!(out(&calls).contains("\"calls\": []"), "{}", out(&calls));
    let missing = switchyard(folder.path(), &["explain", "01KAMXS3T4J5C6V7B8N9M0P1Q2"]);
    assert_eq!(code(&missing), 1);
    assert!(
        err(&missing).contains("no call 01KAMXS3T4J5C6V7B8N9M0P1Q2"),
        "{}",
        err(&missing)
    );
}

#[test]
fn the_doctor_finds_a_switch_that_is_not_there() {
    let folder = centre();
    // Nothing listens on the discard port of this machine.
    let config = std::fs::read_to_string(folder.path().join("switchyard.toml"))
        .unwrap()
        .replace(
            "#url = \"http://127.0.0.1:8088/ari\"",
            "url = \"http://127.0.0.1:9/ari\"",
        );
    std::fs::write(folder.path().join("switchyard.toml"), config).unwrap();
    let doctor = switchyard(folder.path(), &["doctor", "--json"]);
    assert_eq!(code(&doctor), 1, "{}", err(&doctor));
    let found: serde_json::Value = serde_json::from_str(&out(&doctor)).unwrap();
    let found = found.as_array().unwrap();
    let of = |part: &str, severity: &str| {
        found
            .iter()
            .any(|diagnosis| diagnosis["part"] == part && diagnosis["severity"] == severity)
    };
    assert!(of("switch pbx", "error"), "{found:?}");
    // The example's password is one that everybody knows.
    assert!(of("switch pbx", "warning"), "{found:?}");
    assert!(of("store", "warning"), "{found:?}");
    assert!(of("recordings", "good"), "{found:?}");
}

#[test]
fn a_dialplan_is_written_to_the_file_that_was_named() {
    let folder = centre();
    let arguments = [
        "render",
        "dialplan",
        "--switch",
        "asterisk",
        "--output",
        "switchyard.conf",
    ];
    let render = switchyard(folder.path(), &arguments);
    assert_eq!(code(&render), 0, "{}", err(&render));
    let text = std::fs::read_to_string(folder.path().join("switchyard.conf")).unwrap();
    assert!(text.contains("Stasis(switchyard"), "{text}");
}

#[test]
fn an_import_prints_sections_and_reports_what_it_lost_beside_them() {
    let folder = centre();
    let whole = "[desk]\nstrategy = leastrecent\nmember => PJSIP/1000\n";
    std::fs::write(folder.path().join("whole.conf"), whole).unwrap();
    let import = switchyard(folder.path(), &["import", "queues", "whole.conf"]);
    assert_eq!(code(&import), 0);
    let settings = folder.path().join("switchyard.toml");
    let text = std::fs::read_to_string(&settings).unwrap() + &out(&import);
    std::fs::write(&settings, text).unwrap();
    assert_eq!(code(&switchyard(folder.path(), &["check"])), 0);

    std::fs::write(folder.path().join("part.conf"), "[desk]\ncontext = out\n").unwrap();
    let import = switchyard(folder.path(), &["import", "queues", "part.conf"]);
    assert_eq!(code(&import), 1);
    assert!(out(&import).contains("[queues.desk]"));
    let lost = "part.conf:2: not mapped: queue desk: context = out";
    assert!(err(&import).contains(lost), "{}", err(&import));

    std::fs::write(folder.path().join("bad.xml"), "<a>").unwrap();
    let import = switchyard(folder.path(), &["import", "callcenter", "bad.xml"]);
    assert_eq!(code(&import), 1);
    assert!(
        err(&import).contains("bad.xml: line 1: "),
        "{}",
        err(&import)
    );
}

#[test]
fn a_calendar_tells_what_a_day_has() {
    let folder = centre();
    let office = "[calendars.office]\ntime_zone = \"Asia/Shanghai\"\nhours = { mon-fri = [\"09:00-18:00\"] }\n\
                  make_up_days = { 2027-02-20 = \"fri\" }\n";
    let settings = folder.path().join("switchyard.toml");
    let text = std::fs::read_to_string(&settings).unwrap() + office;
    std::fs::write(&settings, text).unwrap();
    let day = ["check", "--calendar", "office", "--on", "2027-02-20"];
    let told = switchyard(folder.path(), &day);
    let expected = "2027-02-20 sat  09:00-18:00  make-up day: hours of fri\n";
    assert_eq!((code(&told), out(&told).as_str()), (0, expected));
    let unknown = switchyard(folder.path(), &["check", "--calendar", "ofice"]);
    assert_eq!(code(&unknown), 1);
    assert!(err(&unknown).contains("did you mean \"office\"?"));
}

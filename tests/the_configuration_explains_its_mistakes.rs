//! A configuration is read whole: every mistake is told at once, with its
//! place and the likely repair.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::Path;
use switchyard::config::Config;
use switchyard::config::example::example;
use switchyard::config::finding::ConfigErrors;
use switchyard::config::switch::SwitchKind;
use switchyard::engine::time::Timestamp;

fn read(text: &str, variables: &[(&str, &str)]) -> Result<Config, ConfigErrors> {
    let variables = variables
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    Config::read(Path::new("switchyard.toml"), text, variables)
}

fn mistakes(text: &str) -> String {
    read(text, &[]).unwrap_err().to_string()
}

/// A small sound configuration; tests append to it.
const SOUND: &str = r#"
[switches.pbx]
kind = "simulated"
[queues.desk]
name = "Desk"
[agents.anna]
name = "Anna"
extension = "1001"
switch = "pbx"
queues = ["desk"]
[numbers.4001]
flow = "main"
[flows.main]
name = "Main"
start = "answer"
[flows.main.blocks]
answer = { kind = "answer", next = "wait" }
wait = { kind = "queue", queue = "desk" }
"#;

#[test]
fn the_example_file_is_current() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("switchyard.example.toml");
    let kept = std::fs::read_to_string(path).unwrap();
    assert!(
        kept == example(),
        "switchyard.example.toml is not current: switchyard check --print-example > switchyard.example.toml"
    );
}

#[test]
fn the_example_file_loads_without_a_warning() {
    let config = read(&example(), &[]).unwrap();
    assert_eq!(config.warnings, []);
    assert_eq!(config.numbers.len(), 1);
}

#[test]
fn the_example_file_loads_with_every_line_in_force() {
    // What goes with another setting than the one that stands there, or with a file.
    let alternatives = [
        "#file = \"vip.csv\"",
        "#flow = \"reservations\"",
        "#number = \"+861012345678\"",
    ];
    let uncommented: String = example()
        .lines()
        .filter(|line| !alternatives.contains(line))
        .map(|line| match line.strip_prefix('#') {
            Some(setting) if !setting.starts_with(' ') => format!("{setting}\n"),
            _ => format!("{line}\n"),
        })
        .collect();
    let config = read(&uncommented, &[]).unwrap();
    assert_eq!(config.warnings, []);
    assert_eq!(config.switches.len(), 3);
}

#[test]
fn all_mistakes_are_told_at_once_with_their_places() {
    insta::with_settings!({ omit_expression => true }, {insta::assert_snapshot!(mistakes(
        r#"
[switches.pbx]
kind = "asterix"

[switches.fs]
kind = "freeswitch"
adress = "127.0.0.1:8021"
command_connections = "many"

[queues.desk]
name = "Desk"
stategy = "longest_idle"
requires = { hotel = 12 }
ring_s = 0

[agents."an na"]
name = "Anna"
extension = "1001;DROP"
switch = "pbx"
queues = "desk"

[flows.main]
name = "Main"
start = "answer"
[flows.main.blocks]
answer = { kind = "answr", next = "wait" }
menu = { kind = "menu", prompts = ["hello"], choices = { 12 = "wait" }, otherwise = "wait" }
wait = { kind = "queue", queu = "desk", colour = 1 }

[stroe]
url = "sqlite:///x.db"
"#
    ))});
}

#[test]
fn names_that_do_not_exist_are_told_with_the_nearest_that_does() {
    insta::with_settings!({ omit_expression => true }, {insta::assert_snapshot!(mistakes(
        r#"
[switches.pbx]
kind = "simulated"
[queues.reservations]
name = "Reservations"
requires = { hotel = 3 }
[agents.anna]
name = "Anna"
extension = "1001"
switch = "pxb"
skills = { hotle = 5 }
queues = ["reservatoins"]
[numbers.4001]
flow = "mian"
[flows.main]
name = "Main"
start = "anwser"
[flows.main.blocks]
answer = { kind = "answer", next = "menu" }
menu = { kind = "menu", prompts = [], choices = {}, otherwise = "wiat", timeout_s = 0 }
wait = { kind = "queue", queue = "resrvations" }
round = { kind = "play", prompts = ["music"], next = "about" }
about = { kind = "play", prompts = ["music"], next = "round" }
"#
    ))});
}

#[test]
fn a_syntax_error_names_its_line() {
    assert!(mistakes("[store]\nurl = \n").starts_with("switchyard.toml:2:"));
}

#[test]
fn an_environment_variable_wins_over_the_file() {
    let config = read(
        SOUND,
        &[
            ("SWITCHYARD_STORE__URL", "postgres://db/calls"),
            ("SWITCHYARD_QUEUES__DESK__RING_S", "7"),
            ("SWITCHYARD_SWITCHES__PBX__SEED", "42"),
            ("SWITCHYARD_CONFIG", "not a setting"),
        ],
    )
    .unwrap();
    assert_eq!(config.store.url, "postgres://db/calls");
    assert_eq!(config.queues.values().next().unwrap().ring_s.get(), 7);
    assert!(matches!(&config.switches[0].kind, SwitchKind::Simulated(sim) if sim.seed == 42));
}

#[test]
fn a_wrong_environment_variable_is_named() {
    let error = read(
        SOUND,
        &[
            ("SWITCHYARD_STORE__ULR", "x"),
            ("SWITCHYARD_LIMITS__MAX_CALLS", "few"),
        ],
    );
    let text = error.unwrap_err().to_string();
    assert!(
        text.contains("environment variable SWITCHYARD_STORE__ULR"),
        "{text}"
    );
    assert!(text.contains("did you mean \"url\"?"), "{text}");
    assert!(
        text.contains("environment variable SWITCHYARD_LIMITS__MAX_CALLS"),
        "{text}"
    );
}

#[test]
fn a_secret_can_stand_in_a_file_and_is_never_shown() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("pbx.secret"), "12345\n").unwrap();
    let text =
        format!("{SOUND}[switches.real]\nkind = \"asterisk\"\npassword_file = \"pbx.secret\"\n");
    let config = Config::read(&folder.path().join("switchyard.toml"), &text, []).unwrap();
    let SwitchKind::Asterisk(asterisk) = &config.switches[1].kind else {
        panic!("asterisk")
    };
    assert_eq!(asterisk.password, "12345");
    assert!(!format!("{config:?}").contains("12345"));
}

#[test]
fn a_flow_can_stand_in_a_file_of_its_own_and_its_mistakes_name_that_file() {
    let folder = tempfile::tempdir().unwrap();
    let flow = "name = \"Side\"\nstart = \"a\"\n[blocks.a]\nkind = \"answer\"\nnext = \"b\"\n";
    std::fs::write(folder.path().join("side.toml"), flow).unwrap();
    let text = format!("{SOUND}[flows.side]\nfile = \"side.toml\"\n");
    let error = Config::read(&folder.path().join("switchyard.toml"), &text, []).unwrap_err();
    let text = error.to_string();
    assert!(
        text.contains("side.toml:5:8: error: flows.side.blocks.a.next"),
        "{text}"
    );
}

#[test]
fn what_cannot_be_meant_in_a_calendar_is_told_at_its_line() {
    let calendar = r#"
[queues.nights]
name = "Nights"
calendar = "nihgts"
[calendars.office]
time_zone = "Asia/Shanghia"
hours = { mon-fry = ["08:30-12:00"], tue = ["8-12"] }
holidays = { 2026-02-30 = "?" }
[calendars.nights]
time_zone = "Asia/Shanghai"
[calendars.nights.hours]
mon = ["22:00-06:00"]
tue-fri = ["05:00-12:00", "11:30-18:00"]
fri = ["08:00-12:00"]
[calendars.nights.holidays]
"2026-10-01/2026-10-07" = "国庆节"
"2026-10-07/2026-10-08" = "重阳节"
[calendars.nights.special_days]
2026-10-10 = ["09:00-12:00"]
[calendars.nights.make_up_days]
2026-10-03 = "fri"
2026-10-10 = "sun"
2026-10-12 = "fri"
[calendars.never]
time_zone = "UTC"
"#;
    insta::with_settings!({ omit_expression => true }, {
        insta::assert_snapshot!(mistakes(&format!("{SOUND}{calendar}")));
    });
}

#[test]
fn the_end_of_the_holidays_is_told_sixty_days_before() {
    let calendar = "[calendars.office]\ntime_zone = \"Asia/Shanghai\"\nhours = { mon-fri = [\"09:00-18:00\"] }\n\
                    [calendars.office.holidays]\n\"2027-10-01/2027-10-07\" = \"国庆节\"\n2027-01-01 = \"元旦\"\n";
    let config = read(&format!("{SOUND}{calendar}"), &[]).unwrap();
    let day = |text: &str| {
        let instant: jiff::Timestamp = text.parse().unwrap();
        Timestamp::from_millis(instant.as_millisecond())
    };
    assert_eq!(config.warnings_at(day("2027-08-07T15:59:59Z")), []);
    let told = config.warnings_at(day("2027-08-07T16:00:00Z"));
    assert_eq!(told.len(), 1);
    let told = told[0].to_string();
    assert!(
        told.starts_with("switchyard.toml:23:27: warning: calendars.office.holidays.2027-10-01/2027-10-07: no holiday"),
        "{told}"
    );
}

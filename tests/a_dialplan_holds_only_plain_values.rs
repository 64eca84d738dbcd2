//! Nothing in a configuration can change the meaning of a rendered dialplan.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::Path;
use switchyard::config::Config;
use switchyard::config::example::example;
use switchyard::dialplan;

fn config(numbers: &str, variables: &[(&str, &str)]) -> Config {
    let text = example().replace("[numbers.4001]", &format!("[numbers.{numbers}]"));
    let freeswitch = "\n[switches.fs]\nkind = \"freeswitch\"\npassword = \"x\"\n";
    let variables = variables
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    Config::read(
        Path::new("switchyard.toml"),
        &format!("{text}{freeswitch}"),
        variables,
    )
    .unwrap()
}

fn render(config: &Config) -> Vec<Result<String, String>> {
    config
        .switches
        .iter()
        .map(|switch| dialplan::render(config, switch).map_err(|error| error.to_string()))
        .collect()
}

#[test]
fn the_access_numbers_and_the_way_back_are_in_both_dialplans() {
    for text in render(&config("'+86.4001'", &[])) {
        let text = text.unwrap();
        assert!(text.contains("4001"), "{text}");
        assert!(text.contains("fallback"), "{text}");
        assert!(!text.contains("{{"), "{text}");
    }
}

#[test]
fn hostile_values_are_refused_by_name() {
    let hostile = [
        "'4001,1,System(x)'",
        "'4001\"/>'",
        "'${x}'",
        "\"4001\\nexten\"",
        "'_X.'",
        "'张'",
        "''",
    ];
    for number in hostile {
        for text in render(&config(number, &[])) {
            let why = text.unwrap_err();
            assert!(why.starts_with("numbers: "), "{number}: {why}");
        }
    }
    for text in render(&config(
        "4001",
        &[("SWITCHYARD_DIALPLAN__CONTEXT", "a]\n[b")],
    )) {
        assert!(text.unwrap_err().starts_with("dialplan.context: "));
    }
    let last = "q)\nexten => s,1,System(x";
    let places = [
        ("SWITCHYARD_DIALPLAN__FALLBACK_QUEUE", last),
        ("SWITCHYARD_DIALPLAN__LAST_RESORT", last),
    ];
    for text in render(&config("4001", &places)) {
        assert!(text.unwrap_err().starts_with("dialplan."));
    }
}

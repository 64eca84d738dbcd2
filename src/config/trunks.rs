//! Trunks between switches: whether those that serve each other's callers all
//! reach each other.

use crate::config::Config;
use crate::config::references::References;
use crate::engine::id::SwitchId;

impl References<'_> {
    /// Within a pool every switch reaches every other, so that any agent can be
    /// rung for any caller.
    pub(super) fn trunks(&mut self, config: &Config) {
        let reaches = |from: &SwitchId, to: &SwitchId| {
            let mut switches = config.switches.iter();
            let from = switches.find(|switch| switch.id == *from);
            from.is_some_and(|from| from.kind.trunks().contains_key(to))
        };
        for switch in &config.switches {
            let others = switch.kind.trunks();
            for (to, dialled) in others {
                let path = ["switches", switch.id.as_str(), "trunks", to.as_str()];
                self.exists(&path, "switch", "switches", to.as_str());
                if !dialled.contains("{extension}") {
                    let what = format!("{dialled:?} does not say where the agent's extension goes");
                    let repair = "put {extension} in its place".to_owned();
                    self.error(&path, what, Some(repair));
                }
                if *to == switch.id {
                    let what = "a switch needs no trunk to itself".to_owned();
                    self.error(&path, what, Some("take it out".to_owned()));
                    continue;
                }
                for other in std::iter::once(&switch.id).chain(others.keys()) {
                    if other != to && !reaches(to, other) {
                        let what = format!(
                            "switch \"{to}\" has no trunk to \"{other}\": \
                             switches that serve each other's callers all reach each other"
                        );
                        let repair = format!("add {other} to switches.{to}.trunks");
                        self.error(&path, what, Some(repair));
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::finding::ConfigErrors;
    use crate::engine::time::Timestamp;
    use std::path::Path;

    /// Three switches with these trunks, and an agent of a queue that calls back on
    /// the last.
    fn read(trunks: [&str; 3]) -> Result<Config, ConfigErrors> {
        let mut text = String::from(
            r#"
[queues.desk]
name = "Desk"
callback = { may_dial = [""] }
[agents.anna]
name = "Anna"
extension = "1001"
switch = "west"
queues = ["desk"]
[numbers.4001]
flow = "main"
[flows.main]
name = "Main"
start = "answer"
[flows.main.blocks]
answer = { kind = "answer", next = "wait" }
wait = { kind = "queue", queue = "desk" }
"#,
        );
        for (id, trunks) in ["north", "south", "west"].into_iter().zip(trunks) {
            let outbound = match id {
                "north" => "outbound = \"PJSIP/{number}@carrier\"",
                _ => "",
            };
            text += &format!(
                "[switches.{id}]\nkind = \"asterisk\"\npassword = \"x\"\n{outbound}\n\
                 trunks = {{ {trunks} }}\n"
            );
        }
        Config::read(Path::new("switchyard.toml"), &text, [])
    }

    fn wrong(trunks: [&str; 3]) -> String {
        read(trunks).unwrap_err().to_string()
    }

    const ALL: [&str; 3] = [
        r#"south = "PJSIP/{extension}@s", west = "PJSIP/{extension}@w""#,
        r#"north = "PJSIP/{extension}@n", west = "PJSIP/{extension}@w""#,
        r#"north = "PJSIP/{extension}@n", south = "PJSIP/{extension}@s""#,
    ];

    #[test]
    fn switches_that_all_reach_each_other_are_one_pool() {
        let config = read(ALL).unwrap();
        assert_eq!(config.warnings, []);
        let centre = config.centre(Timestamp::default());
        let id = |name: &str| name.parse::<SwitchId>().unwrap();
        assert!(centre.are_linked(&id("north"), &id("west")));
        let west = id("west");
        let ways: Vec<&SwitchId> = centre.ways_out(&west).collect();
        assert_eq!(ways, [&id("north")]);
    }

    #[test]
    fn a_trunk_in_one_direction_alone_is_told_with_the_one_that_is_missing() {
        let told = wrong([ALL[0], ALL[1], r#"north = "PJSIP/{extension}@n""#]);
        assert!(
            told.contains("switch \"west\" has no trunk to \"south\""),
            "{told}"
        );
        assert!(told.contains("add south to switches.west.trunks"), "{told}");
    }

    #[test]
    fn a_trunk_leads_to_another_switch_that_there_is_and_says_where_the_extension_goes() {
        let itself = wrong([ALL[0], ALL[1], r#"west = "PJSIP/{extension}@w""#]);
        assert!(
            itself.contains("a switch needs no trunk to itself"),
            "{itself}"
        );
        let nowhere = wrong([ALL[0], ALL[1], r#"east = "PJSIP/{extension}@e""#]);
        assert!(nowhere.contains("switches.west.trunks.east"), "{nowhere}");
        let silent = wrong([
            ALL[0],
            ALL[1],
            r#"north = "PJSIP/n", south = "PJSIP/{extension}@s""#,
        ]);
        assert!(silent.contains("put {extension} in its place"), "{silent}");
    }

    #[test]
    fn a_queue_that_calls_back_whose_agents_no_switch_can_dial_for_is_told() {
        let alone = read(["", "", ""]).unwrap();
        let told = alone.warnings.iter().map(|warning| warning.what.as_str());
        let told: Vec<&str> = told.collect();
        assert!(
            told.iter()
                .any(|what| what.starts_with("calls back, and none of its agents")),
            "{told:?}"
        );
    }
}

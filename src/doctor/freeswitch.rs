//! Examines a FreeSWITCH through its event socket.

use crate::config::Config;
use crate::config::switch::FreeswitchConfig;
use crate::doctor::tags::{Tag, tags};
use crate::doctor::{Chart, is_loopback, music, password, prompts, room};
use crate::switch::freeswitch::translate::REFERRED;
use crate::switch::freeswitch::{self, EslError};

pub(super) async fn examine(
    config: &Config,
    settings: &FreeswitchConfig,
    mut chart: Chart,
) -> Chart {
    password(&mut chart, &settings.password, "event_socket.conf.xml");
    let host = settings
        .address
        .rsplit_once(':')
        .map_or(settings.address.as_str(), |(host, _)| host);
    if !is_loopback(host) {
        chart.warning(
            format!(
                "the event socket is reached over the network at {}, unencrypted",
                settings.address
            ),
            "run the controller on the switch's machine, or lead the connection through a tunnel",
        );
    }
    if let Err(error) = ask_all(config, settings, &mut chart).await {
        // The error itself says what to do.
        let mend = match &error {
            EslError::Unreachable { .. } => "start it, or correct `address`",
            EslError::Password { .. } => "correct `password` or the file of `password_file`",
            EslError::NotAdmitted { .. } => "add this host to the access list",
            _ => "look into the switch's log",
        };
        chart.error(error.to_string(), mend);
    }
    let folder = settings
        .recordings_seen_at
        .as_ref()
        .unwrap_or(&settings.recordings);
    room::readable(&mut chart, folder);
    chart
}

async fn ask_all(
    config: &Config,
    settings: &FreeswitchConfig,
    chart: &mut Chart,
) -> Result<(), EslError> {
    let configuration =
        |name: &str| format!("xml_locate configuration configuration name {name}.conf");
    let mut answers = freeswitch::ask(
        settings,
        &[
            "version".to_owned(),
            configuration("event_socket"),
            configuration("sofia"),
            configuration("local_stream"),
            "module_exists mod_conference".to_owned(),
        ],
    )
    .await?
    .into_iter();
    let mut answer = || answers.next().unwrap_or_default();

    chart.good(answer().trim());
    event_socket(&answer(), chart);
    sofia(&answer(), &config.dialplan.context, chart);
    local_stream(&answer(), config, chart);
    if answer().trim() != "true" {
        chart.warning(
            "mod_conference is not loaded: a leg that joins a conference is hung up",
            "add it to modules.conf.xml, and `load mod_conference`",
        );
    }
    dialplan(config, settings, chart).await?;
    played(config, settings, chart).await
}

/// Who can reach the event socket.
fn event_socket(xml: &str, chart: &mut Chart) {
    let listen = tags(xml)
        .find_map(|tag| tag.param("listen-ip"))
        .unwrap_or("::");
    if is_loopback(listen) {
        chart.good(format!("the event socket listens on {listen} alone"));
        return;
    }
    let acl = tags(xml).find_map(|tag| tag.param("apply-inbound-acl"));
    let guarded = acl.map_or("no access list".to_owned(), |acl| {
        format!("the access list {acl:?}")
    });
    chart.warning(
        format!("the event socket is open to the network (listen-ip {listen}, {guarded}): whoever signs in owns the machine"),
        "set listen-ip to 127.0.0.1 in event_socket.conf.xml, and `reload mod_event_socket`",
    );
}

/// Whether keys pressed as SIP INFO arrive, and whether calls enter our context.
fn sofia(xml: &str, context: &str, chart: &mut Chart) {
    let profiles = profiles(xml);
    if profiles.is_empty() {
        chart.error(
            "there is no SIP profile",
            "configure one in sofia.conf.xml, with mod_sofia loaded",
        );
        return;
    }
    for (name, params) in &profiles {
        if value(params, "liberal-dtmf") == Some("true") {
            chart.good(format!("profile {name} takes keys pressed as SIP INFO"));
        } else {
            chart.warning(
                format!("profile {name} acknowledges keys pressed as SIP INFO and drops them"),
                format!("set <param name=\"liberal-dtmf\" value=\"true\"/> in profile {name}, and `sofia profile {name} rescan`"),
            );
        }
    }
    if !profiles
        .iter()
        .any(|(_, params)| value(params, "context") == Some(context))
    {
        chart.warning(
            format!("no SIP profile lets its calls enter the context {context:?}"),
            format!("set <param name=\"context\" value=\"{context}\"/> in the trunk's profile, or transfer its calls there"),
        );
    }
}

type Profile<'x> = (&'x str, Vec<Tag<'x>>);

/// The profiles of sofia.conf, each with the tags up to the next one.
fn profiles(xml: &str) -> Vec<Profile<'_>> {
    let mut profiles: Vec<Profile<'_>> = Vec::new();
    for tag in tags(xml) {
        match (tag.name, tag.get("name"), profiles.last_mut()) {
            ("profile", Some(name), _) => profiles.push((name, Vec::new())),
            (_, _, Some((_, params))) => params.push(tag),
            _ => {}
        }
    }
    profiles
}

fn value<'x>(params: &[Tag<'x>], name: &str) -> Option<&'x str> {
    params.iter().find_map(|tag| tag.param(name))
}

fn local_stream(xml: &str, config: &Config, chart: &mut Chart) {
    // A class may be given once for each rate: moh/8000, moh/16000.
    let classes: Vec<&str> = tags(xml)
        .filter(|tag| tag.name == "directory")
        .filter_map(|tag| tag.get("name"))
        .map(|name| name.split('/').next().unwrap_or(name))
        .collect();
    for class in music(config) {
        if classes.contains(&class) {
            chart.good(format!("music {class:?} is configured"));
        } else {
            let known = if classes.is_empty() {
                "none".to_owned()
            } else {
                classes.join(", ")
            };
            chart.warning(
                format!("there is no music {class:?}: callers wait in silence"),
                format!("add it to local_stream.conf.xml, with mod_local_stream loaded, or use one of: {known}"),
            );
        }
    }
}

async fn dialplan(
    config: &Config,
    settings: &FreeswitchConfig,
    chart: &mut Chart,
) -> Result<(), EslError> {
    let mut words = settings.fallback.split_whitespace();
    let extension = words.next().unwrap_or("switchyard-fallback");
    let fallback = words.nth(1).unwrap_or_default();
    let contexts = [config.dialplan.context.as_str(), fallback, REFERRED];
    let questions = contexts.map(|context| format!("xml_locate dialplan context name {context}"));
    let answers = freeswitch::ask(settings, &questions).await?;
    for (context, answer) in contexts.iter().zip(answers) {
        let found =
            tags(&answer).any(|tag| tag.name == "context" && tag.get("name") == Some(context));
        let words = ["switchyard_switch", "switchyard_offers", extension];
        let ours = words.iter().any(|word| answer.contains(word));
        match (found, ours) {
            (true, true) => chart.good(format!("the dialplan has our context {context:?}")),
            (true, false) => chart.warning(
                format!("the context {context:?} is in the dialplan, and not as `switchyard render dialplan` writes it"),
                "compare it with `switchyard render dialplan --switch freeswitch`",
            ),
            (false, _) => chart.error(
                format!("the dialplan has no context {context:?}"),
                "write it with `switchyard render dialplan --switch freeswitch`, and `reloadxml`",
            ),
        }
    }
    Ok(())
}

async fn played(
    config: &Config,
    settings: &FreeswitchConfig,
    chart: &mut Chart,
) -> Result<(), EslError> {
    let folder = settings.prompts.display();
    let wanted = prompts(config);
    let files: Vec<String> = wanted
        .iter()
        .map(|(language, prompt)| format!("{folder}/{}/{prompt}.wav", language.tag()))
        .collect();
    let questions: Vec<String> = files
        .iter()
        .map(|file| format!("file_exists {file}"))
        .collect();
    let answers = freeswitch::ask(settings, &questions).await?;
    let missing: Vec<&str> = files
        .iter()
        .zip(&answers)
        .filter(|(_, answer)| answer.trim() != "true")
        .map(|(file, _)| file.as_str())
        .collect();
    if missing.is_empty() {
        chart.good(format!("all {} prompts are there", files.len()));
    } else {
        chart.warning(
            format!("prompts are missing on the switch: {}", missing.join(", ")),
            "record them, or correct `prompts` of this switch",
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::Severity;

    fn severities(chart: Chart) -> Vec<Severity> {
        chart
            .found
            .into_iter()
            .map(|diagnosis| diagnosis.severity)
            .collect()
    }

    #[test]
    fn a_socket_that_listens_everywhere_is_a_warning() {
        for listen in ["0.0.0.0", "::", "192.168.1.5"] {
            let mut chart = Chart::of("switch");
            event_socket(
                &format!("<param name=\"listen-ip\" value=\"{listen}\"/>"),
                &mut chart,
            );
            assert_eq!(severities(chart), [Severity::Warning], "{listen}");
        }
        let mut chart = Chart::of("switch");
        event_socket(
            "<param name=\"listen-ip\" value=\"127.0.0.1\"></param>",
            &mut chart,
        );
        assert_eq!(severities(chart), [Severity::Good]);
    }

    #[test]
    fn each_profile_is_asked_for_its_own_liberal_dtmf() {
        let xml = r#"
            <profile name="internal"><param name="liberal-dtmf" value="true"/></profile>
            <profile name="trunk"><param name="context" value="in"/></profile>"#;
        let mut chart = Chart::of("switch");
        sofia(xml, "in", &mut chart);
        assert_eq!(severities(chart), [Severity::Good, Severity::Warning]);
    }
}

//! `switchyard.example.toml`, made from the documentation of the sections, so
//! that it can never tell anything else than the code does.

use crate::config::agent::AgentConfig;
use crate::config::calendar::CalendarConfig;
use crate::config::callers::{CallerListConfig, CallersConfig};
use crate::config::centre::CentreConfig;
use crate::config::dialplan::DialplanConfig;
use crate::config::flow;
use crate::config::group::GroupConfig;
use crate::config::http::HttpConfig;
use crate::config::in_call::InCallConfig;
use crate::config::journal::JournalConfig;
use crate::config::limits::LimitsConfig;
use crate::config::log::LogConfig;
use crate::config::missed::MissedOffersConfig;
use crate::config::not_ready::NotReadyConfig;
use crate::config::number::NumberConfig;
use crate::config::queue::QueueConfig;
use crate::config::recordings::RecordingsConfig;
use crate::config::routing::RoutingConfig;
use crate::config::section::Section;
use crate::config::site::SiteConfig;
use crate::config::store::StoreConfig;
use crate::config::switch::{AsteriskConfig, FreeswitchConfig, SimulatedConfig};
use crate::config::voicemail::VoicemailConfig;

const HEAD: &str = "\
# The configuration of switchyard: every section and every key.
#
# A line that begins with `#` and no space shows the default, or an example where
# there is none. Copy this file to switchyard.toml, keep what you need, and try it
# with `switchyard check`.
#
# Each key can also be given as an environment variable: SWITCHYARD_, then the
# path with two underscores between its parts, for example SWITCHYARD_STORE__URL
# or SWITCHYARD_SWITCHES__PBX__PASSWORD. The variable wins over the file.
";

/// The text of the example file.
pub fn example() -> String {
    let mut text = HEAD.to_owned();
    section::<CentreConfig>(&mut text, "centre", &[]);
    section::<AsteriskConfig>(&mut text, "switches.pbx", &["kind = \"asterisk\""]);
    commented::<FreeswitchConfig>(&mut text, "switches.fs", Some("kind = \"freeswitch\""));
    commented::<SimulatedConfig>(&mut text, "switches.sim", Some("kind = \"simulated\""));
    section::<StoreConfig>(&mut text, "store", &[]);
    section::<JournalConfig>(&mut text, "journal", &[]);
    section::<RecordingsConfig>(&mut text, "recordings", &[]);
    section::<HttpConfig>(&mut text, "http", &[]);
    section::<QueueConfig>(&mut text, "queues.reservations", &[]);
    commented::<CalendarConfig>(&mut text, "calendars.office", None);
    section::<AgentConfig>(&mut text, "agents.wangfang", &[]);
    section::<GroupConfig>(&mut text, "groups.desk", &[]);
    section::<NumberConfig>(&mut text, "numbers.4001", &[]);
    text.push('\n');
    text.push_str(flow::EXAMPLE);
    section::<RoutingConfig>(&mut text, "routing", &[]);
    section::<CallersConfig>(&mut text, "callers", &[]);
    commented::<CallerListConfig>(&mut text, "caller_lists.vip", None);
    section::<InCallConfig>(&mut text, "in_call", &[]);
    commented::<NotReadyConfig>(&mut text, "not_ready_reasons.meal", None);
    section::<MissedOffersConfig>(&mut text, "missed_offers", &[]);
    section::<VoicemailConfig>(&mut text, "voicemail", &[]);
    commented::<SiteConfig>(&mut text, "sites.north", None);
    section::<LimitsConfig>(&mut text, "limits", &[]);
    section::<DialplanConfig>(&mut text, "dialplan", &[]);
    section::<LogConfig>(&mut text, "log", &[]);
    text
}

fn section<S: Section>(text: &mut String, header: &str, first: &[&str]) {
    text.push('\n');
    comment(text, S::DOC);
    line(text, &format!("[{header}]"));
    first.iter().for_each(|key| line(text, key));
    for field in S::FIELDS {
        comment(text, field.doc);
        let mark = if matches!(field.need, "required" | "secret") {
            ""
        } else {
            "#"
        };
        line(text, &format!("{mark}{} = {}", field.name, field.toml));
    }
}

/// A section that is shown, and not in force.
fn commented<S: Section>(text: &mut String, header: &str, first: Option<&str>) {
    let mut active = String::new();
    section::<S>(&mut active, header, first.as_slice());
    for shown in active.lines() {
        match shown.chars().next() {
            Some('#') | None => line(text, shown),
            Some(_) => line(text, &format!("#{shown}")),
        }
    }
}

fn comment(text: &mut String, doc: &[&str]) {
    doc.iter().for_each(|doc| line(text, &format!("#{doc}")));
}

fn line(text: &mut String, line: &str) {
    text.push_str(line);
    text.push('\n');
}

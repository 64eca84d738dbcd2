//! The real Asterisk with the log that it keeps by itself: channel event
//! logging (CEL), written by its own module as `scripts/asterisk` sets it up.

use super::story::{Entry, Party, Story, What};
use super::{Rig, TURN};
use crate::support::asterisk::Asterisk;
use crate::support::controller::SOON;
use crate::support::phone::Phone;
use std::collections::BTreeMap;
use std::path::PathBuf;
use tokio::sync::MutexGuard;

pub struct AsteriskRig {
    asterisk: Asterisk,
    log: PathBuf,
    /// Length of the log when the test began.
    from: usize,
    _turn: MutexGuard<'static, ()>,
}

impl AsteriskRig {
    /// `None`, loudly, when there is none.
    pub async fn running() -> Option<AsteriskRig> {
        let asterisk = Asterisk::running()?;
        let turn = TURN.lock().await;
        asterisk.is_cleared().await;
        let log = asterisk.log.clone();
        let from = std::fs::read(&log).map_or(0, |log| log.len());
        Some(AsteriskRig {
            asterisk,
            log,
            from,
            _turn: turn,
        })
    }
}

/// A killed controller leaves calls behind, which the tests of others would meet.
impl Drop for AsteriskRig {
    fn drop(&mut self) {
        let ended = self
            .asterisk
            .to_console("channel request hangup all")
            .output();
        ended.expect("Asterisk's console");
    }
}

impl Rig for AsteriskRig {
    fn id(&self) -> &'static str {
        "asterisk"
    }

    fn control(&self) -> String {
        let url = &self.asterisk.settings.url;
        let host = url.trim_start_matches("http://").trim_end_matches("/ari");
        host.to_owned()
    }

    fn settings(&self, control: &str) -> String {
        let settings = &self.asterisk.settings;
        format!(
            "kind = \"asterisk\"\nurl = \"http://{control}/ari\"\nuser = {:?}\npassword = {:?}\n",
            settings.user, settings.password
        )
    }

    fn music(&self) -> &'static str {
        "default"
    }

    fn sip(&self) -> &str {
        &self.asterisk.sip
    }

    fn extension(&self, nth: u16) -> u16 {
        1001 + nth
    }

    fn phone_port(&self, extension: u16) -> u16 {
        self.asterisk.phone_port(extension)
    }

    async fn hears_menu(&self, caller: &Phone, mark: usize) {
        caller
            .line
            .hears_speech(mark, SOON)
            .await
            .expect("the menu");
    }

    async fn hang_up(&self, channel: &str) {
        let hang_up = format!("channel request hangup {channel}");
        self.asterisk.console(&hang_up).await;
    }

    async fn restart(&mut self) {
        self.asterisk.console("core restart now").await;
    }

    async fn story(&self) -> Story {
        let log = std::fs::read(&self.log).unwrap_or_default();
        let log = String::from_utf8_lossy(log.get(self.from..).unwrap_or_default()).into_owned();
        // The last line may be half written.
        let whole = log.rsplit_once('\n').map_or("", |(whole, _)| whole);
        Story::of(entries(whole))
    }
}

/// Lines of `event,name,number,extra` as entries; what concerns neither a
/// caller nor an agent's phone is left out.
fn entries(log: &str) -> Vec<Entry> {
    let mut bridges: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut entries = Vec::new();
    for line in log.lines() {
        let mut fields = line.splitn(4, ',');
        let mut field = || fields.next().unwrap_or_default();
        let (event, channel, number, extra) = (field(), field(), field(), field());
        let Some(party) = party(channel, number) else {
            continue;
        };
        let what = match event {
            "CHAN_START" => What::Begun,
            "ANSWER" => What::Answered,
            "HANGUP" => What::Ended(said(extra, "hangupcause")),
            "BRIDGE_ENTER" => {
                let others = bridges.entry(said(extra, "bridge_id")).or_default();
                others.push(channel.to_owned());
                match others.as_slice() {
                    [first, second] if second == channel => What::Bridged(first.clone()),
                    _ => continue,
                }
            }
            "BRIDGE_EXIT" => {
                let others = bridges.entry(said(extra, "bridge_id")).or_default();
                others.retain(|other| other != channel);
                continue;
            }
            _ => continue,
        };
        entries.push(Entry {
            channel: channel.to_owned(),
            party,
            what,
        });
    }
    entries
}

/// Callers come over the endpoint `trunk`; the other endpoints are phones.
fn party(channel: &str, number: &str) -> Option<Party> {
    let (endpoint, _) = channel.strip_prefix("PJSIP/")?.rsplit_once('-')?;
    Some(match endpoint {
        "trunk" => Party::Caller(number.to_owned()),
        extension => Party::Phone(extension.to_owned()),
    })
}

/// A field of an event's extra JSON object, which the log has in quotes (RFC 4180).
fn said(extra: &str, name: &str) -> String {
    let extra = extra.trim_matches('"').replace("\"\"", "\"");
    let extra: serde_json::Value = serde_json::from_str(&extra).unwrap_or_default();
    extra[name].to_string().trim_matches('"').to_owned()
}

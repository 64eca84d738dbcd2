//! Answers that list things: channels, one channel, the switch itself.

use crate::engine::id::ChannelId;
use crate::switch::simulated::esl::face::Face;
use crate::switch::simulated::esl::shape::decode;
use serde::Serialize;
use std::collections::BTreeMap;

/// The answer to `show channels as json`.
#[derive(Serialize)]
struct Channels {
    row_count: usize,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    rows: Vec<Row>,
}

#[derive(Serialize)]
struct Row {
    uuid: String,
    direction: &'static str,
    created_epoch: String,
    name: String,
    state: &'static str,
    cid_name: String,
    cid_num: String,
    dest: String,
    application: String,
    application_data: String,
    dialplan: &'static str,
    context: &'static str,
    read_codec: &'static str,
    read_rate: &'static str,
    hostname: &'static str,
    callstate: &'static str,
    call_uuid: String,
}

/// The answer to `show bridged_calls as json`, as far as anybody reads it.
#[derive(Serialize)]
struct Pairs {
    row_count: usize,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    rows: Vec<Pair>,
}

#[derive(Serialize)]
struct Pair {
    uuid: String,
    b_uuid: String,
}

impl Face {
    pub(super) fn channels_as_json(&self) -> String {
        let rows: Vec<Row> = self
            .legs
            .values()
            .map(|leg| {
                let running = leg.running.as_ref();
                Row {
                    uuid: leg.channel.to_string(),
                    direction: if leg.is_inbound() {
                        "inbound"
                    } else {
                        "outbound"
                    },
                    created_epoch: (leg.created.as_millis() / 1_000).to_string(),
                    name: leg.channel_name(),
                    state: leg.state_name(),
                    cid_name: leg.caller_name.clone(),
                    cid_num: leg.caller_number.clone(),
                    dest: leg.dialled.clone(),
                    application: running.map_or("park".to_owned(), |a| a.name.clone()),
                    application_data: running.map(|a| a.data.clone()).unwrap_or_default(),
                    dialplan: "XML",
                    context: "public",
                    read_codec: "PCMU",
                    read_rate: "8000",
                    hostname: "simulator",
                    callstate: leg.call_state(),
                    call_uuid: leg.channel.to_string(),
                }
            })
            .collect();
        let list = Channels {
            row_count: rows.len(),
            rows,
        };
        let json = serde_json::to_string(&list).unwrap_or_else(|error| format!("-ERR {error}"));
        format!("{json}\n")
    }

    pub(super) fn bridged_calls_as_json(&self) -> String {
        // Each pair once, by the leg whose name comes first.
        let pairs = self.legs.values().filter_map(|leg| {
            let peer = leg.peer.as_ref().filter(|peer| leg.channel < **peer)?;
            Some(Pair {
                uuid: leg.channel.to_string(),
                b_uuid: peer.to_string(),
            })
        });
        let rows: Vec<Pair> = pairs.collect();
        let list = Pairs {
            row_count: rows.len(),
            rows,
        };
        let json = serde_json::to_string(&list).unwrap_or_else(|error| format!("-ERR {error}"));
        format!("{json}\n")
    }

    /// The answer to `uuid_dump`: the headers of a `CHANNEL_DATA` event.
    pub(super) fn dump(&mut self, channel: &ChannelId, as_json: bool) -> Option<String> {
        let text = self.event_text("CHANNEL_DATA", channel, &[])?;
        if !as_json {
            return Some(text);
        }
        let headers = text.lines().filter_map(|line| line.split_once(": "));
        let fields: BTreeMap<&str, String> =
            headers.map(|(name, value)| (name, decode(value))).collect();
        serde_json::to_string(&fields).ok()
    }

    pub(super) fn status(&self) -> String {
        let seconds = self.uptime_s();
        let (hours, minutes) = (seconds / 3_600, seconds / 60 % 60);
        format!(
            "UP 0 years, 0 days, {hours} hours, {minutes} minutes, {} seconds, 0 milliseconds, 0 \
             microseconds\nFreeSWITCH (Version 1.10.12-release  64bit) is ready\n{} session(s) \
             since startup\n{} session(s) - peak 0, last 5min 0 \n0 session(s) per Sec out of max \
             500, peak 0, last 5min 0 \n3000 session(s) max\nmin idle cpu 0.00/90.00\nCurrent \
             Stack Size/Max 240K/240K\n",
            seconds % 60,
            self.tally().calls + self.tally().rung,
            self.legs.len(),
        )
    }

    pub(super) fn uptime_s(&self) -> u64 {
        self.now.since(self.started).as_millis() / 1_000
    }
}

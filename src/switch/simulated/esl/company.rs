//! Who hears whom, rearranged by a client: legs that park, conferences and
//! supervision, in the words that our own dialect uses. Anything else that a
//! transfer to the dialplan `inline` can run is not simulated: such a leg parks.

use crate::engine::id::{CallId, ChannelId};
use crate::switch::SwitchCommand;
use crate::switch::simulated::esl::face::Face;
use crate::switch::simulated::esl::frame::Message;
use crate::switch::simulated::esl::leg::ChannelPhase;

/// What precedes the call in the name of a conference.
const CONFERENCE: &str = "switchyard-";

impl Face {
    /// `expand uuid:<channel> <command>`: the variables of the channel in a command.
    pub(super) fn expand(&mut self, arguments: &str) -> String {
        let named = arguments.strip_prefix("uuid:");
        let Some((name, line)) = named.and_then(|named| named.split_once(' ')) else {
            return "-USAGE: [uuid:<uuid> ]<cmd> <args>\n".to_owned();
        };
        let leg = self.live(name).and_then(|channel| self.legs.get(&channel));
        let Some(leg) = leg else {
            return "-ERR No such channel!\n".to_owned();
        };
        let mut text = String::new();
        let mut rest = line;
        while let Some((before, after)) = rest.split_once("${") {
            let (variable, after) = after.split_once('}').unwrap_or((after, ""));
            let variable = variable.strip_prefix("variable_").unwrap_or(variable);
            text.push_str(before);
            text.push_str(leg.variables.get(variable).map_or("", String::as_str));
            rest = after;
        }
        text.push_str(rest);
        let words: Vec<&str> = text.split_whitespace().collect();
        let (word, arguments) = text.trim().split_once(' ').unwrap_or((text.trim(), ""));
        let words = words.get(1..).unwrap_or_default().to_vec();
        self.api_now(word, arguments, &words)
    }

    /// `uuid_park`: the leg leaves whatever it is in, and hears nothing.
    pub(super) fn park_leg(&mut self, channel: &ChannelId) {
        self.tearing = true;
        self.exchange.model.leave_company(self.now, channel);
        self.attempt(&SwitchCommand::Silence {
            channel: channel.clone(),
        });
        self.settle();
        self.tearing = false;
        self.parked(channel);
    }

    /// The leg parks, which is told once.
    fn parked(&mut self, channel: &ChannelId) {
        let Some(leg) = self.legs.get_mut(channel) else {
            return;
        };
        if leg.state != ChannelPhase::Park && leg.cause.is_none() {
            leg.state = ChannelPhase::Park;
            self.emit("CHANNEL_STATE", channel, &[]);
            self.emit("CHANNEL_PARK", channel, &[]);
        }
    }

    /// `uuid_transfer <channel> <application>:<data>,park inline`.
    pub(super) fn run_inline(&mut self, channel: &ChannelId, applications: &str) {
        let first = applications.split(',').next().unwrap_or_default();
        let (name, data) = first.split_once(':').unwrap_or((first, ""));
        let target = match name {
            "eavesdrop" => self.live(data),
            _ => None,
        };
        let conference = data
            .strip_prefix(CONFERENCE)
            .filter(|_| name == "conference");
        let conference = conference.and_then(|rest| rest.split('@').next()?.parse().ok());
        let command = match (conference, target) {
            (Some(conference), _) => SwitchCommand::Join {
                channel: channel.clone(),
                conference,
            },
            (None, Some(target)) => SwitchCommand::Supervise {
                channel: channel.clone(),
                target,
                mode: crate::switch::SupervisionMode::Listen,
            },
            (None, None) => return self.park_leg(channel),
        };
        self.tearing = true;
        let runs = self.attempt(&command);
        self.settle();
        self.tearing = false;
        match self.legs.get_mut(channel) {
            Some(leg) if runs => leg.state = ChannelPhase::Execute,
            _ => self.parked(channel),
        }
    }

    /// `sendevent CUSTOM` with `eavesdrop-command: *`: who listens to others stops.
    pub(super) fn end_supervision(&mut self, message: &Message) {
        let channel = message.header("unique-id").and_then(|name| self.live(name));
        if let Some(channel) = channel
            && message.header("eavesdrop-command").is_some()
            && self.exchange.model.supervises(&channel)
        {
            self.park_leg(&channel);
        }
    }

    /// A leg is in a conference, or out of it.
    pub(super) fn conferred(&mut self, channel: &ChannelId, conference: CallId, is_in: bool) {
        let name = format!("{CONFERENCE}{conference}");
        if let Some(leg) = self.legs.get_mut(channel) {
            leg.confers = is_in;
            leg.set("conference_name", &name);
            leg.set("conference_call_key", if is_in { "simulated" } else { "" });
        }
        let headers = [
            ("Event-Subclass", "conference::maintenance"),
            ("Conference-Name", name.as_str()),
            ("Action", if is_in { "add-member" } else { "del-member" }),
        ];
        self.emit("CUSTOM", channel, &headers);
    }
}

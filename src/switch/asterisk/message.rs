//! ARI's messages as they come over the wire, as far as they are read here.
//! Names and shapes are those of Asterisk's `rest-api/api-docs/events.json`
//! (20 to 22).

use serde::Deserialize;
use std::collections::BTreeMap;

/// An event. A type that is not listed is [`Message::Unknown`]: newer
/// versions of Asterisk add some.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(tag = "type")]
pub(super) enum Message {
    StasisStart {
        #[serde(default)]
        args: Vec<String>,
        channel: Channel,
    },
    StasisEnd {
        channel: Channel,
    },
    ChannelStateChange {
        channel: Channel,
    },
    ChannelDtmfReceived {
        digit: String,
        channel: Channel,
    },
    ChannelHangupRequest {
        /// Of Q.850 when the far end hung up, and then often missing.
        #[serde(default)]
        cause: Option<u16>,
        /// Asked for on this side; `cause` is then no cause of Q.850.
        #[serde(default)]
        soft: bool,
        channel: Channel,
    },
    ChannelDestroyed {
        cause: u16,
        channel: Channel,
    },
    ChannelEnteredBridge {
        bridge: Bridge,
        channel: Channel,
    },
    ChannelLeftBridge {
        bridge: Bridge,
        channel: Channel,
    },
    /// The phone sent a re-INVITE that puts its far end on hold.
    ChannelHold {
        channel: Channel,
    },
    ChannelUnhold {
        channel: Channel,
    },
    /// The phone sent a REFER and is left to us (`PJSIP_TRANSFER_HANDLING`).
    ChannelTransfer {
        /// How it goes, as we told it; missing when the phone asks.
        #[serde(default)]
        state: Option<String>,
        refer_to: Box<ReferTo>,
        referred_by: Box<ReferredBy>,
    },
    PlaybackFinished {
        playback: Playback,
    },
    RecordingStarted {
        timestamp: String,
        recording: Recording,
    },
    RecordingFinished {
        recording: Recording,
    },
    RecordingFailed {
        recording: Recording,
    },
    ApplicationReplaced {},
    #[serde(other)]
    Unknown,
}

impl Message {
    /// The types we ask Asterisk for; it keeps the others to itself.
    pub(super) const WANTED: [&'static str; 16] = [
        "StasisStart",
        "StasisEnd",
        "ChannelStateChange",
        "ChannelDtmfReceived",
        "ChannelHangupRequest",
        "ChannelDestroyed",
        "ChannelEnteredBridge",
        "ChannelLeftBridge",
        "ChannelHold",
        "ChannelUnhold",
        "ChannelTransfer",
        "PlaybackFinished",
        "RecordingStarted",
        "RecordingFinished",
        "RecordingFailed",
        "ApplicationReplaced",
    ];
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
pub(super) struct Channel {
    pub(super) id: String,
    /// Technology and device: `PJSIP/trunk-00000001`, `Snoop/…`.
    pub(super) name: String,
    /// `Down`, `Ring` (calls us), `Ringing` (we call it), `Up` and others.
    pub(super) state: String,
    pub(super) caller: Party,
    pub(super) dialplan: Dialplan,
    pub(super) creationtime: String,
    /// Those that ari.conf lists under `channelvars`.
    #[serde(default)]
    pub(super) channelvars: BTreeMap<String, String>,
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
pub(super) struct Party {
    pub(super) name: String,
    pub(super) number: String,
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
pub(super) struct Dialplan {
    pub(super) exten: String,
    /// The application the channel is in; since Asterisk 18.
    #[serde(default)]
    pub(super) app_name: String,
    #[serde(default)]
    pub(super) app_data: String,
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
pub(super) struct Bridge {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) channels: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
pub(super) struct Playback {
    pub(super) id: String,
    pub(super) media_uri: String,
    /// `channel:<id>`.
    pub(super) target_uri: String,
    /// `done` or `failed` at the end.
    pub(super) state: String,
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
pub(super) struct Recording {
    pub(super) name: String,
    #[serde(default)]
    pub(super) cause: Option<String>,
}

/// Where a REFER leads.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub(super) struct ReferTo {
    pub(super) requested_destination: Destination,
    /// The channel that `Replaces` names.
    #[serde(default)]
    pub(super) destination_channel: Option<Channel>,
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
pub(super) struct Destination {
    /// The user part of `Refer-To`; missing with `Replaces`.
    #[serde(default)]
    pub(super) destination: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
pub(super) struct ReferredBy {
    /// The channel of the phone that asks.
    pub(super) source_channel: Channel,
}

//! Who hears whom in a call, rearranged: bridges, conferences, supervision.
//!
//! A leg that is out of a bridge or a conference parks and hears nothing. Tried
//! on FreeSWITCH 1.10.12, with tones in both directions.

use crate::engine::id::{CallId, ChannelId, CommandId};
use crate::switch::SupervisionMode;
use crate::switch::freeswitch::batch::Batch;
use crate::switch::freeswitch::command::Unspeakable;

/// What precedes the call's id in the name of its conference.
pub const CONFERENCE_PREFIX: &str = "switchyard-";

/// The profile of conferences. When the switch has none of this name its
/// conferences have no sounds, no music and no keys, which is what is wanted.
const PROFILE: &str = "switchyard";

impl Batch {
    /// Bridges two legs. Those they leave live on in silence.
    pub(super) fn bridge(
        &mut self,
        channel: &ChannelId,
        peer: &ChannelId,
    ) -> Result<(), Unspeakable> {
        self.disarm(channel)?;
        self.disarm(peer)?;
        self.let_go_of_peer(channel);
        self.let_go_of_peer(peer);
        self.api(&format!("uuid_bridge {channel} {peer}"));
        Ok(())
    }

    /// Parks the leg that `channel` is bridged to and is about to leave. It would
    /// park by itself, but not while it hears music because the other's hold key
    /// was pressed: then it may go on speaking to a leg that is long elsewhere. Its
    /// bond is undone, or its own hold key would play music to that leg; and what it
    /// is bridged to is forgotten, or the next command for it would park `channel`,
    /// which may be in a conference by then. Without a bridge all four are refused for
    /// want of a channel, and change nothing.
    fn let_go_of_peer(&mut self, channel: &ChannelId) {
        const PEER: &str = "${variable_bridge_to}";
        self.api(&format!("expand uuid:{channel} uuid_break {PEER} all"));
        for variable in ["signal_bond", "bridge_to"] {
            self.api(&format!(
                "expand uuid:{channel} uuid_setvar {PEER} {variable}"
            ));
        }
        self.api(&format!("expand uuid:{channel} uuid_park {PEER}"));
    }

    pub(super) fn part(&mut self, channel: &ChannelId, peer: &ChannelId) {
        for leg in [channel, peer] {
            self.break_off(leg);
            self.api(&format!("uuid_setvar {leg} signal_bond"));
        }
        for leg in [channel, peer] {
            self.park(leg);
        }
    }

    /// Takes a leg out of whatever it is in.
    pub(super) fn park(&mut self, channel: &ChannelId) {
        self.api(&format!("uuid_park {channel}"));
    }

    pub(super) fn join(
        &mut self,
        channel: &ChannelId,
        conference: CallId,
    ) -> Result<(), Unspeakable> {
        self.disarm(channel)?;
        self.let_go_of_peer(channel);
        // Else keys would mute, and `#` leave.
        self.api(&format!("uuid_setvar {channel} conference_controls none"));
        self.run(
            channel,
            &format!("conference:{CONFERENCE_PREFIX}{conference}@{PROFILE}"),
        );
        Ok(())
    }

    /// Begins anew in another mode too: an application that runs can't be replaced
    /// but by a transfer.
    pub(super) fn supervise(
        &mut self,
        channel: &ChannelId,
        target: &ChannelId,
        mode: SupervisionMode,
    ) {
        // `aleg` is whom the target talks to, `bleg` the target.
        let (others, target_hears) = match mode {
            SupervisionMode::Listen => (false, false),
            SupervisionMode::Whisper => (false, true),
            SupervisionMode::Barge => (true, true),
        };
        self.api(&format!(
            "uuid_setvar_multi {channel} eavesdrop_enable_dtmf=false;\
             eavesdrop_whisper_aleg={others};eavesdrop_whisper_bleg={target_hears}"
        ));
        self.run(channel, &format!("eavesdrop:{target}"));
        // The application starts later, and tells nobody that there is no such target.
        self.api(&format!(
            "uuid_setvar {target} switchyard_supervisor {channel}"
        ));
    }

    /// Ends an eavesdropping, which `uuid_break` does not. Any other application
    /// passes the event on, and nobody asks for it.
    pub(super) fn end_supervision(&mut self, channel: &ChannelId) {
        self.message(&format!(
            "sendevent CUSTOM\nEvent-Subclass: switchyard::silence\nunique-id: {channel}\n\
             eavesdrop-command: *"
        ));
    }

    /// Answers the REFER of the device that `peer` was bridged to, which waits for
    /// it (`confirm_blind_transfer`). Where it is refused the switch bridges the
    /// two again by itself (`intercept:<blind_transfer_uuid>`); the device's leg is to
    /// outlive this bridge, and the timer that came with the REFER must not end it.
    pub(super) fn answer_transfer(
        &mut self,
        phone: &ChannelId,
        peer: &ChannelId,
        granted: bool,
        id: CommandId,
    ) -> Result<(), Unspeakable> {
        if !granted {
            self.disarm(peer)?;
            self.api(&format!(
                "uuid_setvar {phone} blind_transfer_uuid {peer},park"
            ));
        }
        let (granted, id) = (granted.to_string(), format!("switchyard-transfer-{id}"));
        self.execute(peer, "blind_transfer_ack", &granted, &id);
        Ok(())
    }

    /// Runs an application on the leg in the place of all others, and parks after it.
    fn run(&mut self, channel: &ChannelId, application: &str) {
        self.api(&format!(
            "uuid_transfer {channel} {application},park inline"
        ));
    }
}

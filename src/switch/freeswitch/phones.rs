//! What phones do that no event of a leg tells, on a connection of its own. Tried
//! on FreeSWITCH 1.10.12.
//!
//! - **The end of a hold after the two were parted.** A leg counts as holding until its bridge ends,
//!   and the switch says CHANNEL_UNHOLD then, though the phone holds on; when the phone lets go it
//!   says nothing but that a media description came (`sofia::reinvite`). So the
//!   description is looked at; that the phone held before rides on the leg.
//! - **A transfer after a consultation on the phone** (REFER with Replaces). The switch would carry
//!   it out past us, or end a leg of ours, and so it is denied (`deny_refer_requests`). Of
//!   that only a line of the switch's log tells, and a variable says which leg was meant.

use crate::engine::id::{ChannelId, SwitchId};
use crate::engine::text::OutsideText;
use crate::switch::SwitchEvent;
use crate::switch::freeswitch::command::MARK;
use crate::switch::freeswitch::connection::{Connection, LIVENESS};
use crate::switch::freeswitch::error::EslError;
use crate::switch::freeswitch::event::EslEvent;
use crate::switch::freeswitch::fields::Lookup;
use crate::switch::freeswitch::frame::{Frame, FrameKind};
use crate::switch::freeswitch::listener::ListenerEnd;
use crate::switch::link::Inbox;
use memchr::memmem;
use tokio::sync::oneshot;
use tokio::time::timeout;

/// What `sofia_handle_sip_i_refer` logs, at the level `notice`.
const DENIED: &[u8] = b"Denying Attended Transfer";

/// What the switch says when a phone describes its media anew.
const REINVITED: &str = "sofia::reinvite";

/// The variable of a leg whose phone holds its far end.
const HOLDS: &str = "switchyard_holds";

/// A phone did something.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Sign {
    Reinvited(ChannelId),
    Denied(ChannelId),
}

/// Asks for these signs.
///
/// # Errors
/// [`EslError`] when the switch does not grant it.
pub(super) async fn subscribe(connection: &mut Connection) -> Result<(), EslError> {
    connection
        .demand(&format!("event plain CUSTOM {REINVITED}"))
        .await?;
    connection.demand("log notice").await
}

pub(super) struct Phones {
    pub(super) connection: Connection,
    pub(super) inbox: Inbox,
}

impl Phones {
    /// Reads until the connection fails or `stop` is given or dropped.
    pub(super) async fn run(mut self, mut stop: oneshot::Receiver<()>) -> ListenerEnd {
        loop {
            let sign = tokio::select! {
                sign = self.next_sign() => sign,
                _ = &mut stop => return ListenerEnd::Stopped,
            };
            let event = match sign {
                Ok(Some(Sign::Reinvited(channel))) => self.reinvited(channel).await,
                Ok(Some(Sign::Denied(channel))) => self.denied(channel).await,
                Ok(None) => Ok(None),
                Err(error) => Err(error),
            };
            match event {
                Ok(Some(event)) => {
                    if self.inbox.happened(event).await.is_err() {
                        return ListenerEnd::EngineGone;
                    }
                }
                Ok(None) => {}
                Err(error) => return ListenerEnd::Lost(error),
            }
        }
    }

    /// What the next message means, or nothing after a silence in which the switch
    /// proved that it is there. May be dropped while waiting.
    async fn next_sign(&mut self) -> Result<Option<Sign>, EslError> {
        match timeout(LIVENESS, self.connection.receive()).await {
            Ok(frame) => sign(&frame?),
            Err(_) => self.connection.ask("api uptime").await.map(|_| None),
        }
    }

    /// A hold is told by the leg itself; its end is told here.
    async fn reinvited(&mut self, channel: ChannelId) -> Result<Option<SwitchEvent>, EslError> {
        let [of, held, sdp] = self
            .variables(&channel, [MARK, HOLDS, "switch_r_sdp"])
            .await?;
        let (held, holds) = (held == "true", is_on_hold(&sdp));
        if !self.is_ours(&of) || held == holds {
            return Ok(None);
        }
        let value = if holds { " true" } else { "" };
        // A leg that has ended meanwhile holds nothing.
        let set = format!("api uuid_setvar {channel} {HOLDS}{value}");
        self.connection.ask(&set).await?;
        Ok((!holds).then_some(SwitchEvent::Unheld { channel }))
    }

    async fn denied(&mut self, channel: ChannelId) -> Result<Option<SwitchEvent>, EslError> {
        let [of, meant] = self.variables(&channel, [MARK, "refer_uuid"]).await?;
        let Some(replaced) = ChannelId::new(&meant).ok().filter(|_| self.is_ours(&of)) else {
            return Ok(None);
        };
        let [to] = self.variables(&replaced, ["destination_number"]).await?;
        Ok(Some(SwitchEvent::TransferAsked {
            channel,
            to: OutsideText::new(&to),
            replaces: Some(replaced),
        }))
    }

    fn is_ours(&self, mark: &str) -> bool {
        let switch: &SwitchId = self.inbox.switch();
        mark == switch.as_str()
    }

    /// Of a channel that is gone each is an error's text, and of a variable that is not set `_undef_`.
    async fn variables<const N: usize>(
        &mut self,
        channel: &ChannelId,
        names: [&str; N],
    ) -> Result<[String; N], EslError> {
        let questions = names.map(|name| format!("api uuid_getvar {channel} {name}"));
        let answers = self.connection.ask_all(&questions).await?;
        let mut answers = answers.into_iter();
        Ok(names.map(|_| answers.next().unwrap_or_default()))
    }
}

fn sign(frame: &Frame<'_>) -> Result<Option<Sign>, EslError> {
    let channel = |name: &str| ChannelId::new(name).ok();
    Ok(match frame.kind {
        FrameKind::Event => {
            let event = EslEvent::parse(frame)?;
            let is_one = event.get("Event-Subclass").as_deref() == Some(REINVITED);
            let of = event.get("Unique-ID").filter(|_| is_one);
            of.and_then(|id| channel(&id)).map(Sign::Reinvited)
        }
        FrameKind::Other => {
            let is_one = memmem::find(frame.body, DENIED).is_some();
            let of = frame.head.raw("User-Data").filter(|_| is_one);
            of.and_then(channel).map(Sign::Denied)
        }
        _ => None,
    })
}

/// Whether who describes its media so takes none (RFC 3264, and the address of RFC 2543).
pub(super) fn is_on_hold(sdp: &str) -> bool {
    let holds = ["a=sendonly", "a=inactive", "c=IN IP4 0.0.0.0"];
    sdp.lines().any(|line| holds.contains(&line.trim_end()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::switch::freeswitch::frame::Decoder;

    fn read(text: &str) -> Option<Sign> {
        let mut decoder = Decoder::default();
        decoder.push(text.as_bytes());
        let frame = decoder.next_frame().unwrap().unwrap();
        sign(&frame).unwrap()
    }

    fn log(line: &str) -> String {
        format!(
            "Content-Type: log/data\nContent-Length: {}\nLog-Level: 5\nText-Channel: 3\n\
             Log-File: sofia.c\nLog-Func: sofia_handle_sip_i_refer\nLog-Line: 9116\nUser-Data: leg-a\n\n{line}",
            line.len()
        )
    }

    #[test]
    fn a_denied_transfer_is_read_off_the_log() {
        let denied = "[NOTICE] sofia.c:9116 Denying Attended Transfer, variable [deny_refer_requests] was set to true\n";
        let leg = ChannelId::new("leg-a").unwrap();
        assert_eq!(read(&log(denied)), Some(Sign::Denied(leg)));
        assert_eq!(read(&log("[NOTICE] Ring Ready\n")), None);
    }

    #[test]
    fn a_media_description_is_told_with_its_leg() {
        let body = "Event-Name: CUSTOM\nEvent-Subclass: sofia%3A%3Areinvite\nUnique-ID: leg-a\n\n";
        let event = format!(
            "Content-Length: {}\nContent-Type: text/event-plain\n\n{body}",
            body.len()
        );
        let leg = ChannelId::new("leg-a").unwrap();
        assert_eq!(read(&event), Some(Sign::Reinvited(leg)));
    }

    #[test]
    fn who_takes_no_audio_holds() {
        for (line, holds) in [
            ("a=sendonly", true),
            ("a=inactive\r", true),
            ("c=IN IP4 0.0.0.0", true),
            ("a=recvonly", false),
            ("a=sendrecv", false),
        ] {
            let sdp = format!("v=0\nm=audio 4000 RTP/AVP 0\n{line}\na=ptime:20\n");
            assert_eq!(is_on_hold(&sdp), holds, "{line}");
        }
    }
}

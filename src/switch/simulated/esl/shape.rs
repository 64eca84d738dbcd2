//! The header sets of channel events, as captured from FreeSWITCH 1.10.12 with
//! SIP legs over RTP. The files in `shapes/` are the captures, with `{slot}`
//! where a value belongs to the call.

use std::borrow::Cow;
use std::fmt::Write;

/// A place in a shape for a value that belongs to the call or to the event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Slot {
    Event,
    Sequence,
    NowMicros,
    NowSeconds,
    DateLocal,
    DateGmt,
    Uuid,
    Peer,
    PeerNumber,
    CallerNumber,
    CallerName,
    Dialled,
    CreatedMicros,
    ChannelState,
    ChannelStateNumber,
    CallState,
    AnswerState,
    Cause,
    Q850,
}

impl Slot {
    /// In the order of their numbers, with their names in the files of shapes.
    const ALL: [(Slot, &'static str); 19] = [
        (Slot::Event, "event"),
        (Slot::Sequence, "sequence"),
        (Slot::NowMicros, "now_us"),
        (Slot::NowSeconds, "now_s"),
        (Slot::DateLocal, "date_local"),
        (Slot::DateGmt, "date_gmt"),
        (Slot::Uuid, "uuid"),
        (Slot::Peer, "peer"),
        (Slot::PeerNumber, "peer_number"),
        (Slot::CallerNumber, "caller_number"),
        (Slot::CallerName, "caller_name"),
        (Slot::Dialled, "dialled"),
        (Slot::CreatedMicros, "created_us"),
        (Slot::ChannelState, "channel_state"),
        (Slot::ChannelStateNumber, "channel_state_number"),
        (Slot::CallState, "call_state"),
        (Slot::AnswerState, "answer_state"),
        (Slot::Cause, "cause"),
        (Slot::Q850, "q850"),
    ];

    fn named(name: &str) -> Option<Slot> {
        let found = Self::ALL.iter().find(|(_, known)| *known == name);
        found.map(|(slot, _)| *slot)
    }
}

/// What the slots of a shape are filled with, already percent-encoded.
#[derive(Debug, Default)]
pub(super) struct Slots<'a>([Cow<'a, str>; Slot::ALL.len()]);

impl<'a> Slots<'a> {
    pub(super) fn set(&mut self, slot: Slot, value: impl Into<Cow<'a, str>>) {
        self.0[slot as usize] = value.into();
    }

    fn get(&self, slot: Slot) -> &str {
        &self.0[slot as usize]
    }
}

/// The header set of one side in one phase of a call, put together beforehand:
/// what is the same in every event is one text.
#[derive(Debug)]
pub(super) struct Shape {
    /// The headers without the channel variables.
    basic: Vec<Piece>,
    /// All of them.
    full: Vec<Piece>,
}

#[derive(Debug)]
enum Piece {
    /// Whole lines, or a part of a line that is always there.
    Text(String),
    Slot(Slot),
    /// A line that is left out when its only slot is empty: what precedes the value.
    Line(String, Slot),
}

/// All captured shapes.
#[derive(Debug)]
pub(super) struct Shapes {
    caller_ringing: Shape,
    caller_answered: Shape,
    caller_bridged: Shape,
    caller_ended: Shape,
    agent_ringing: Shape,
    agent_answered: Shape,
    agent_bridged: Shape,
    agent_ended: Shape,
    agent_failed: Shape,
}

/// Where a leg is, as far as its header set tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    Ringing,
    Answered,
    /// Has been bridged, now or before.
    Bridged,
    Ended,
    /// Ended without an answer.
    Failed,
}

impl Shapes {
    pub(super) fn new() -> Self {
        Self {
            caller_ringing: Shape::parse(include_str!("shapes/caller-ringing.txt")),
            caller_answered: Shape::parse(include_str!("shapes/caller-answered.txt")),
            caller_bridged: Shape::parse(include_str!("shapes/caller-bridged.txt")),
            caller_ended: Shape::parse(include_str!("shapes/caller-ended.txt")),
            agent_ringing: Shape::parse(include_str!("shapes/agent-ringing.txt")),
            agent_answered: Shape::parse(include_str!("shapes/agent-answered.txt")),
            agent_bridged: Shape::parse(include_str!("shapes/agent-bridged.txt")),
            agent_ended: Shape::parse(include_str!("shapes/agent-ended.txt")),
            agent_failed: Shape::parse(include_str!("shapes/agent-failed.txt")),
        }
    }

    pub(super) fn of(&self, inbound: bool, phase: Phase) -> &Shape {
        match (inbound, phase) {
            (true, Phase::Ringing) => &self.caller_ringing,
            (true, Phase::Answered) => &self.caller_answered,
            (true, Phase::Bridged) => &self.caller_bridged,
            (true, Phase::Ended | Phase::Failed) => &self.caller_ended,
            (false, Phase::Ringing) => &self.agent_ringing,
            (false, Phase::Answered) => &self.agent_answered,
            (false, Phase::Bridged) => &self.agent_bridged,
            (false, Phase::Ended) => &self.agent_ended,
            (false, Phase::Failed) => &self.agent_failed,
        }
    }
}

impl Shape {
    fn parse(text: &'static str) -> Self {
        let lines = || text.lines().filter_map(|line| line.split_once(": "));
        let basic = lines().filter(|(name, _)| !name.starts_with("variable_"));
        Self {
            basic: pieces(basic),
            full: pieces(lines()),
        }
    }

    /// Writes the headers, with or without the channel variables. A header
    /// without a value is left out, as the real switch does.
    pub(super) fn write(&self, slots: &Slots<'_>, with_variables: bool, out: &mut String) {
        let pieces = if with_variables {
            &self.full
        } else {
            &self.basic
        };
        for piece in pieces {
            match piece {
                Piece::Text(text) => out.push_str(text),
                Piece::Slot(slot) => out.push_str(slots.get(*slot)),
                Piece::Line(name, slot) if !slots.get(*slot).is_empty() => {
                    out.push_str(name);
                    out.push_str(slots.get(*slot));
                    out.push('\n');
                }
                Piece::Line(..) => {}
            }
        }
    }
}

/// The pieces of these headers; neighbouring texts become one.
fn pieces<'a>(lines: impl Iterator<Item = (&'a str, &'a str)>) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut text = String::new();
    for (name, value) in lines {
        let only = value.strip_prefix('{').and_then(|v| v.strip_suffix('}'));
        if let Some(slot) = only.and_then(Slot::named) {
            pieces.push(Piece::Text(std::mem::take(&mut text)));
            pieces.push(Piece::Line(format!("{name}: "), slot));
            continue;
        }
        if value.is_empty() {
            continue;
        }
        text.push_str(name);
        text.push_str(": ");
        let mut rest = value;
        while let Some((before, (slot, after))) = next_slot(rest) {
            text.push_str(before);
            pieces.push(Piece::Text(std::mem::take(&mut text)));
            pieces.push(Piece::Slot(slot));
            rest = after;
        }
        text.push_str(rest);
        text.push('\n');
    }
    pieces.push(Piece::Text(text));
    pieces
}

/// What precedes the first slot, the slot, and what follows it.
fn next_slot(value: &str) -> Option<(&str, (Slot, &str))> {
    let (before, rest) = value.split_once('{')?;
    let (name, after) = rest.split_once('}')?;
    Some((before, (Slot::named(name)?, after)))
}

/// Encodes a value as FreeSWITCH does in event headers: everything below `!`,
/// above `~`, and the characters that URLs reserve.
pub(super) fn encode(value: &str) -> String {
    let mut encoded = String::with_capacity(value.len() + 16);
    for byte in value.bytes() {
        if byte <= b' ' || byte > b'~' || b"\"#%&+:;<=>?@[\\]^`{|}".contains(&byte) {
            // Writing to a string cannot fail.
            let _ = write!(encoded, "%{byte:02X}");
        } else {
            encoded.push(char::from(byte));
        }
    }
    encoded
}

/// The reverse of [`encode`].
pub(super) fn decode(value: &str) -> String {
    let mut decoded = Vec::with_capacity(value.len());
    let mut rest = value.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        let escaped = (byte == b'%').then(|| after.get(..2)).flatten();
        let escaped = escaped.and_then(|hex| std::str::from_utf8(hex).ok());
        match escaped.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            Some(code) => {
                decoded.push(code);
                rest = &after[2..];
            }
            None => {
                decoded.push(byte);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&decoded).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_encoded_as_on_the_real_switch() {
        assert_eq!(encode("\"sipp\" <sipp>"), "%22sipp%22%20%3Csipp%3E");
        assert_eq!(encode("Sun, 22 Nov"), "Sun,%2022%20Nov");
        assert_eq!(decode(&encode("王伟 + 50%\r\n")), "王伟 + 50%\r\n");
    }

    #[test]
    fn the_shapes_have_the_sizes_of_the_captures() {
        let shapes = Shapes::new();
        let size = |inbound, phase| {
            let mut out = String::new();
            shapes
                .of(inbound, phase)
                .write(&Slots::default(), true, &mut out);
            (out.lines().count(), out.len())
        };
        let (headers, bytes) = size(true, Phase::Answered);
        assert!(
            headers > 100 && bytes > 4_000,
            "{headers} headers, {bytes} bytes"
        );
        let (headers, bytes) = size(false, Phase::Ended);
        assert!(
            headers > 180 && bytes > 7_000,
            "{headers} headers, {bytes} bytes"
        );
    }

    #[test]
    fn headers_without_a_value_are_left_out() {
        let shape = Shape::parse("A: {peer}\nB: x{cause}y\nvariable_c: {cause}\n");
        let mut slots = Slots::default();
        slots.set(Slot::Cause, "-");
        let mut out = String::new();
        shape.write(&slots, true, &mut out);
        assert_eq!(out, "B: x-y\nvariable_c: -\n");
        out.clear();
        shape.write(&slots, false, &mut out);
        assert_eq!(out, "B: x-y\n");
    }

    #[test]
    fn every_slot_of_the_captures_is_known_and_has_its_own_number() {
        for (number, (slot, _)) in Slot::ALL.into_iter().enumerate() {
            assert_eq!(slot as usize, number);
        }
        let mut out = String::new();
        for phase in [
            Phase::Ringing,
            Phase::Answered,
            Phase::Bridged,
            Phase::Ended,
        ] {
            for inbound in [true, false] {
                Shapes::new()
                    .of(inbound, phase)
                    .write(&Slots::default(), true, &mut out);
            }
        }
        assert!(!out.contains(['{', '}']), "a slot without a name");
    }
}

//! The header sets of channel events, as captured from FreeSWITCH 1.10.12 with
//! SIP legs over RTP. The files in `shapes/` are the captures, with `{slot}`
//! where a value belongs to the call.

use std::collections::BTreeMap;
use std::fmt::Write;

/// What a slot of a shape is filled with, already percent-encoded.
pub(super) type Slots = BTreeMap<&'static str, String>;

/// The header set of one side in one phase of a call.
#[derive(Debug)]
pub(super) struct Shape {
    lines: Vec<Line>,
}

#[derive(Debug)]
struct Line {
    name: &'static str,
    pieces: Vec<Piece>,
    is_variable: bool,
}

#[derive(Debug)]
enum Piece {
    Text(&'static str),
    Slot(&'static str),
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
        let lines = text.lines().filter_map(|line| line.split_once(": "));
        let line = |(name, value): (&'static str, &'static str)| Line {
            name,
            pieces: pieces(value),
            is_variable: name.starts_with("variable_"),
        };
        Self {
            lines: lines.map(line).collect(),
        }
    }

    /// Writes the headers, with or without the channel variables. A header
    /// without a value is left out, as the real switch does.
    pub(super) fn write(&self, slots: &Slots, with_variables: bool, out: &mut String) {
        for line in self
            .lines
            .iter()
            .filter(|line| with_variables || !line.is_variable)
        {
            let begin = out.len();
            out.push_str(line.name);
            out.push_str(": ");
            let value_begins = out.len();
            for piece in &line.pieces {
                match piece {
                    Piece::Text(text) => out.push_str(text),
                    Piece::Slot(slot) => {
                        out.push_str(slots.get(slot).map(String::as_str).unwrap_or_default());
                    }
                }
            }
            if out.len() == value_begins {
                out.truncate(begin);
            } else {
                out.push('\n');
            }
        }
    }
}

fn pieces(mut value: &'static str) -> Vec<Piece> {
    let mut pieces = Vec::new();
    while let Some((before, rest)) = value.split_once('{') {
        let Some((slot, after)) = rest.split_once('}') else {
            break;
        };
        pieces.extend([Piece::Text(before), Piece::Slot(slot)]);
        value = after;
    }
    pieces.push(Piece::Text(value));
    pieces
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
                .write(&Slots::new(), true, &mut out);
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
        let shape = Shape::parse("A: {empty}\nB: x{full}y\n");
        let mut out = String::new();
        shape.write(&Slots::from([("full", "-".to_owned())]), true, &mut out);
        assert_eq!(out, "B: x-y\n");
    }
}

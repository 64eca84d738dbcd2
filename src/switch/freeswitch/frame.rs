//! The outer framing of the event socket: a block of headers, an empty line,
//! and a body whose length a header gives.
//!
//! Source: `mod_event_socket.c` (`send_event`, `read_packet`). Whatever the
//! other side sends, decoding never panics: it yields frames or one
//! [`FrameError`], after which the connection is of no further use.

use crate::switch::freeswitch::fields::Fields;
use memchr::memmem;
use std::borrow::Cow;

/// Longest block of headers before a body, in bytes.
pub const MAX_HEAD: usize = 64 * 1024;

/// Longest body, in bytes. The list of 2,000 channels is about 1.5 MB.
pub const MAX_BODY: usize = 16 * 1024 * 1024;

/// Bytes read at once: about ten events.
pub const PIECE: usize = 64 * 1024;

/// One message of the switch, where it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame<'a> {
    pub kind: FrameKind,
    pub head: Fields<'a>,
    pub body: &'a [u8],
    /// The message as it came, head and body.
    pub whole: &'a [u8],
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FrameKind {
    /// The switch asks for the password.
    AuthRequest,
    /// The answer to anything but `api`.
    CommandReply,
    /// The answer to `api`.
    ApiResponse,
    Event,
    /// The switch is about to close the connection.
    DisconnectNotice,
    /// The access list of the event socket does not admit us.
    RudeRejection,
    /// Something that was not asked for, such as log lines.
    Other,
}

/// Why what arrived is not the event socket's protocol.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    #[error("a block of headers longer than {MAX_HEAD} bytes; is this an event socket?")]
    HeadTooLong,
    #[error("headers that are not UTF-8 text")]
    NotText,
    #[error("a line that is not a header: {line:?}")]
    NotAHeader { line: String },
    #[error("a message without Content-Type")]
    NoType,
    #[error("a {kind:?} without Content-Length")]
    NoLength { kind: FrameKind },
    #[error("Content-Length {found:?} is not a number of bytes")]
    BadLength { found: String },
    #[error("a body of {length} bytes; at most {MAX_BODY} are accepted")]
    BodyTooLong { length: u64 },
    #[error("the connection ended in the middle of a message ({missing} bytes missing)")]
    Truncated { missing: usize },
}

/// Turns bytes into frames, in whatever pieces they arrive. The bytes are read
/// into one buffer and frames point into it: nothing is copied but the part of
/// a frame that a piece ended with.
#[derive(Debug, Default)]
pub struct Decoder {
    buffer: Vec<u8>,
    /// Where the unread part begins.
    start: usize,
    /// The head of the next frame, once it has arrived whole.
    head: Option<Head>,
}

/// What a head says of its frame; positions count from its beginning.
#[derive(Clone, Copy, Debug)]
struct Head {
    kind: FrameKind,
    ends: usize,
    body_begins: usize,
    body_ends: usize,
}

impl Decoder {
    /// The buffer to append bytes to, with room for at least [`PIECE`] of them.
    pub fn room(&mut self) -> &mut Vec<u8> {
        if self.start > 0 {
            self.buffer.drain(..self.start);
            self.start = 0;
            if self.buffer.len() <= PIECE {
                // Room that one large answer needed is not kept for ever.
                self.buffer.shrink_to(8 * PIECE);
            }
        }
        self.buffer.reserve(PIECE);
        &mut self.buffer
    }

    pub fn push(&mut self, bytes: &[u8]) {
        self.room().extend_from_slice(bytes);
    }

    /// Puts bytes in front of those that are unread. They end where a frame does.
    pub fn put_back(&mut self, bytes: &[u8]) {
        drop(self.buffer.splice(..self.start, bytes.iter().copied()));
        self.start = 0;
        self.head = None;
    }

    /// Whether a whole frame has arrived.
    ///
    /// # Errors
    /// [`FrameError`] when the bytes are not the event socket's protocol.
    pub fn is_ready(&mut self) -> Result<bool, FrameError> {
        if self.head.is_none() {
            self.head = self.find_head()?;
        }
        Ok(self
            .head
            .is_some_and(|head| self.unread().len() >= head.body_ends))
    }

    /// The next whole frame, or `None` until more bytes arrive.
    ///
    /// # Errors
    /// As [`Decoder::is_ready`].
    pub fn next_frame(&mut self) -> Result<Option<Frame<'_>>, FrameError> {
        if !self.is_ready()? {
            return Ok(None);
        }
        let Some(head) = self.head.take() else {
            return Ok(None);
        };
        let whole = &self.buffer[self.start..self.start + head.body_ends];
        self.start += head.body_ends;
        let text = std::str::from_utf8(&whole[..head.ends]).map_err(|_| FrameError::NotText)?;
        Ok(Some(Frame {
            kind: head.kind,
            head: Fields::parse(text)?,
            body: &whole[head.body_begins..],
            whole,
        }))
    }

    /// Checks that the stream may end here.
    ///
    /// # Errors
    /// [`FrameError::Truncated`] when a frame has begun.
    pub fn finish(&self) -> Result<(), FrameError> {
        match &self.head {
            Some(head) => Err(FrameError::Truncated {
                missing: head.body_ends.saturating_sub(self.unread().len()),
            }),
            None if self.unread().iter().all(|byte| *byte == b'\n') => Ok(()),
            None => Err(FrameError::Truncated { missing: 1 }),
        }
    }

    fn unread(&self) -> &[u8] {
        &self.buffer[self.start..]
    }

    fn find_head(&mut self) -> Result<Option<Head>, FrameError> {
        while self.unread().first() == Some(&b'\n') {
            self.start += 1;
        }
        let unread = self.unread();
        let searched = &unread[..unread.len().min(MAX_HEAD + 1)];
        let Some(ends) = memmem::find(searched, b"\n\n") else {
            return if unread.len() > MAX_HEAD {
                Err(FrameError::HeadTooLong)
            } else {
                Ok(None)
            };
        };
        let text = std::str::from_utf8(&unread[..ends]).map_err(|_| FrameError::NotText)?;
        let fields = Fields::parse(text)?;
        let kind = FrameKind::of(fields.raw("Content-Type").ok_or(FrameError::NoType)?);
        let length = match fields.raw("Content-Length") {
            Some(text) => length(text)?,
            None if kind.has_body() => return Err(FrameError::NoLength { kind }),
            None => 0,
        };
        let body_begins = ends + 2;
        Ok(Some(Head {
            kind,
            ends,
            body_begins,
            body_ends: body_begins + length,
        }))
    }
}

fn length(text: &str) -> Result<usize, FrameError> {
    let bytes: u64 = text.trim().parse().map_err(|_| FrameError::BadLength {
        found: text.chars().take(40).collect(),
    })?;
    match usize::try_from(bytes) {
        Ok(length) if length <= MAX_BODY => Ok(length),
        _ => Err(FrameError::BodyTooLong { length: bytes }),
    }
}

impl FrameKind {
    fn of(content_type: &str) -> Self {
        match content_type {
            "auth/request" => FrameKind::AuthRequest,
            "command/reply" => FrameKind::CommandReply,
            "api/response" => FrameKind::ApiResponse,
            "text/event-plain" => FrameKind::Event,
            "text/disconnect-notice" => FrameKind::DisconnectNotice,
            "text/rude-rejection" => FrameKind::RudeRejection,
            _ => FrameKind::Other,
        }
    }

    fn has_body(self) -> bool {
        matches!(self, FrameKind::ApiResponse | FrameKind::Event)
    }
}

impl<'a> Frame<'a> {
    /// What the switch answered: the body of an `api` command, the reply text of any other.
    pub fn answer(&self) -> Cow<'a, str> {
        match self.kind {
            FrameKind::ApiResponse => match String::from_utf8_lossy(self.body) {
                Cow::Borrowed(text) => Cow::Borrowed(text.trim()),
                Cow::Owned(text) => Cow::Owned(text.trim().to_owned()),
            },
            _ => Cow::Borrowed(self.head.raw("Reply-Text").unwrap_or_default()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decode(bytes: &[u8]) -> Result<Option<String>, FrameError> {
        let mut decoder = Decoder::default();
        decoder.push(bytes);
        let frame = decoder.next_frame()?;
        Ok(frame.map(|frame| frame.answer().into_owned()))
    }

    #[test]
    fn a_frame_may_arrive_byte_by_byte() {
        let mut decoder = Decoder::default();
        let mut answers = Vec::new();
        for byte in b"Content-Type: api/response\nContent-Length: 4\n\n+OK\nContent-Type: command/reply\nReply-Text: +OK\n\n" {
            decoder.push(&[*byte]);
            let frame = decoder.next_frame().unwrap();
            answers.extend(frame.map(|frame| frame.answer().into_owned()));
        }
        assert_eq!(answers, ["+OK", "+OK"]);
        assert_eq!(decoder.finish(), Ok(()));
    }

    #[test]
    fn broken_lengths_are_named() {
        for (length, expected) in [
            ("-1", FrameError::BadLength { found: "-1".into() }),
            (
                "twelve",
                FrameError::BadLength {
                    found: "twelve".into(),
                },
            ),
            (
                "99999999999999999999999",
                FrameError::BadLength {
                    found: "99999999999999999999999".into(),
                },
            ),
            ("4294967296", FrameError::BodyTooLong { length: 1 << 32 }),
        ] {
            let text = format!("Content-Length: {length}\nContent-Type: text/event-plain\n\n");
            assert_eq!(decode(text.as_bytes()), Err(expected));
        }
        assert_eq!(
            decode(b"Content-Type: text/event-plain\n\nEvent-Name: X\n\n"),
            Err(FrameError::NoLength {
                kind: FrameKind::Event
            })
        );
    }

    #[test]
    fn what_is_no_event_socket_is_refused() {
        assert_eq!(decode(b"\xff\xfe: x\n\n"), Err(FrameError::NotText));
        assert_eq!(decode(b"Reply-Text: +OK\n\n"), Err(FrameError::NoType));
        assert!(matches!(
            decode(b"HTTP/1.1 400 Bad Request\n\n"),
            Err(FrameError::NotAHeader { .. })
        ));
        assert_eq!(
            decode(&vec![b'a'; MAX_HEAD + 2]),
            Err(FrameError::HeadTooLong)
        );
    }

    #[test]
    fn what_was_put_back_is_read_first() {
        let mut decoder = Decoder::default();
        let reply = |text: &str| format!("Content-Type: command/reply\nReply-Text: {text}\n\n");
        decoder.push((reply("first") + &reply("second")).as_bytes());
        decoder.push(b"Content-Type: api/response\nContent-Length: 5\n\nthi");
        let first = decoder.next_frame().unwrap().unwrap().whole.to_owned();
        assert_eq!(decoder.next_frame().unwrap().unwrap().answer(), "second");
        assert_eq!(decoder.next_frame(), Ok(None));
        decoder.put_back(&first);
        assert_eq!(decoder.next_frame().unwrap().unwrap().answer(), "first");
        decoder.push(b"rd");
        assert_eq!(decoder.next_frame().unwrap().unwrap().answer(), "third");
        assert_eq!(decoder.finish(), Ok(()));
    }

    #[test]
    fn an_end_inside_a_frame_is_noticed() {
        let mut decoder = Decoder::default();
        decoder.push(b"Content-Type: api/response\nContent-Length: 10\n\nabc");
        assert_eq!(decoder.next_frame(), Ok(None));
        assert_eq!(decoder.finish(), Err(FrameError::Truncated { missing: 7 }));
    }
}

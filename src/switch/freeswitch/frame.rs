//! The outer framing of the event socket: a block of headers, an empty line,
//! and a body whose length a header gives.
//!
//! Source: `mod_event_socket.c` (`send_event`, `read_packet`). Whatever the
//! other side sends, decoding never panics: it yields frames or one
//! [`FrameError`], after which the connection is of no further use.

use crate::switch::freeswitch::fields::Fields;

/// Longest block of headers before a body, in bytes.
pub const MAX_HEAD: usize = 64 * 1024;

/// Longest body, in bytes. The list of 2,000 channels is about 1.5 MB.
pub const MAX_BODY: usize = 16 * 1024 * 1024;

/// One message of the switch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    pub kind: FrameKind,
    pub head: Fields,
    pub body: Vec<u8>,
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

/// Turns bytes into frames, in whatever pieces they arrive.
#[derive(Debug, Default)]
pub struct Decoder {
    buffer: Vec<u8>,
    /// Where the unread part begins.
    start: usize,
    /// The headers of a frame whose body has not arrived whole.
    head: Option<(FrameKind, Fields, usize)>,
}

impl Decoder {
    pub fn push(&mut self, bytes: &[u8]) {
        if self.start > 0 {
            self.buffer.drain(..self.start);
            self.start = 0;
        }
        self.buffer.extend_from_slice(bytes);
    }

    /// The next whole frame, or `None` until more bytes arrive.
    ///
    /// # Errors
    /// [`FrameError`] when the bytes are not the event socket's protocol.
    pub fn next_frame(&mut self) -> Result<Option<Frame>, FrameError> {
        let (kind, head, length) = match self.head.take() {
            Some(head) => head,
            None => match self.take_head()? {
                Some(head) => head,
                None => return Ok(None),
            },
        };
        let Some(body) = self.unread().get(..length) else {
            self.head = Some((kind, head, length));
            return Ok(None);
        };
        let body = body.to_vec();
        self.start += length;
        Ok(Some(Frame { kind, head, body }))
    }

    /// Checks that the stream may end here.
    ///
    /// # Errors
    /// [`FrameError::Truncated`] when a frame has begun.
    pub fn finish(&self) -> Result<(), FrameError> {
        match &self.head {
            Some((_, _, length)) => Err(FrameError::Truncated {
                missing: length - self.unread().len(),
            }),
            None if self.unread().iter().all(|byte| *byte == b'\n') => Ok(()),
            None => Err(FrameError::Truncated { missing: 1 }),
        }
    }

    fn unread(&self) -> &[u8] {
        &self.buffer[self.start..]
    }

    fn take_head(&mut self) -> Result<Option<(FrameKind, Fields, usize)>, FrameError> {
        while self.unread().first() == Some(&b'\n') {
            self.start += 1;
        }
        let Some(end) = self
            .unread()
            .windows(2)
            .take(MAX_HEAD)
            .position(|pair| pair == b"\n\n")
        else {
            return if self.unread().len() > MAX_HEAD {
                Err(FrameError::HeadTooLong)
            } else {
                Ok(None)
            };
        };
        let text = std::str::from_utf8(&self.unread()[..end]).map_err(|_| FrameError::NotText)?;
        let head = Fields::parse(text.to_owned())?;
        self.start += end + 2;
        let kind = FrameKind::of(head.raw("Content-Type").ok_or(FrameError::NoType)?);
        let length = match head.raw("Content-Length") {
            Some(text) => length(text)?,
            None if kind.has_body() => return Err(FrameError::NoLength { kind }),
            None => 0,
        };
        Ok(Some((kind, head, length)))
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

impl Frame {
    /// What the switch answered: the body of an `api` command, the reply text of any other.
    pub fn answer(&self) -> String {
        match self.kind {
            FrameKind::ApiResponse => String::from_utf8_lossy(&self.body).trim().to_owned(),
            _ => self.head.raw("Reply-Text").unwrap_or_default().to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decode(bytes: &[u8]) -> Result<Option<Frame>, FrameError> {
        let mut decoder = Decoder::default();
        decoder.push(bytes);
        decoder.next_frame()
    }

    #[test]
    fn a_frame_may_arrive_byte_by_byte() {
        let mut decoder = Decoder::default();
        let mut frames = Vec::new();
        for byte in b"Content-Type: api/response\nContent-Length: 4\n\n+OK\nContent-Type: command/reply\nReply-Text: +OK\n\n" {
            decoder.push(&[*byte]);
            frames.extend(decoder.next_frame().unwrap());
        }
        assert_eq!(
            frames.iter().map(Frame::answer).collect::<Vec<_>>(),
            ["+OK", "+OK"]
        );
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
    fn an_end_inside_a_frame_is_noticed() {
        let mut decoder = Decoder::default();
        decoder.push(b"Content-Type: api/response\nContent-Length: 10\n\nabc");
        assert_eq!(decoder.next_frame(), Ok(None));
        assert_eq!(decoder.finish(), Err(FrameError::Truncated { missing: 7 }));
    }
}

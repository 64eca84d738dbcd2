//! What a client sends: a command line, headers, and sometimes a body.

use memchr::memmem;
use std::fmt;

/// Longest message accepted, in bytes; `mod_event_socket` has the same order of size.
pub(super) const MAX_MESSAGE: usize = 256 * 1024;

/// One message of a client.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Message {
    /// The first line, for example `api status`.
    pub(super) line: String,
    headers: Vec<(String, String)>,
    pub(super) body: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum MalformedMessage {
    TooLong,
    NotText,
    Length(String),
}

impl fmt::Display for MalformedMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLong => write!(f, "a message has more than {MAX_MESSAGE} bytes"),
            Self::NotText => f.write_str("a message is not UTF-8"),
            Self::Length(text) => write!(f, "{text:?} is not a content length"),
        }
    }
}

impl Message {
    /// The value of a header, by its name in any case.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        let found = self
            .headers
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }
}

/// Takes the first whole message off the front of what was read, if there is one.
pub(super) fn take_message(read: &mut Vec<u8>) -> Result<Option<Message>, MalformedMessage> {
    let blank = read
        .iter()
        .take_while(|byte| matches!(byte, b'\n' | b'\r'))
        .count();
    read.drain(..blank);
    let Some((head_ends, body_begins)) = end_of_head(read) else {
        return if read.len() > MAX_MESSAGE {
            Err(MalformedMessage::TooLong)
        } else {
            Ok(None)
        };
    };
    let head = std::str::from_utf8(&read[..head_ends]).map_err(|_| MalformedMessage::NotText)?;
    let mut lines = head.lines();
    let line = lines.next().unwrap_or_default().trim_end().to_owned();
    let headers: Vec<(String, String)> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.trim().to_owned(), value.trim().to_owned()))
        .collect();
    let mut message = Message {
        line,
        headers,
        body: String::new(),
    };
    let length = match message.header("Content-Length") {
        Some(text) => text
            .parse()
            .map_err(|_| MalformedMessage::Length(text.to_owned()))?,
        None => 0,
    };
    if length > MAX_MESSAGE {
        return Err(MalformedMessage::TooLong);
    }
    if read.len() < body_begins + length {
        return Ok(None);
    }
    let body = &read[body_begins..body_begins + length];
    message.body = std::str::from_utf8(body)
        .map_err(|_| MalformedMessage::NotText)?
        .to_owned();
    read.drain(..body_begins + length);
    Ok(Some(message))
}

/// Where the head ends and what follows it begins.
fn end_of_head(read: &[u8]) -> Option<(usize, usize)> {
    let plain = memmem::find(read, b"\n\n").map(|at| (at, at + 2));
    let until = plain.map_or(read.len(), |(at, _)| at);
    let network = memmem::find(&read[..until], b"\r\n\r\n").map(|at| (at, at + 4));
    network.or(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pipelined_messages_come_one_by_one_with_headers_and_body() {
        let mut read =
            b"api status\n\nsendmsg x\ncall-command: execute\nContent-Length: 5\n\na.wavapi"
                .to_vec();
        let first = take_message(&mut read).unwrap().unwrap();
        assert_eq!(first.line, "api status");
        let second = take_message(&mut read).unwrap().unwrap();
        assert_eq!(second.header("Call-Command"), Some("execute"));
        assert_eq!(second.body, "a.wav");
        assert_eq!(take_message(&mut read), Ok(None));
        assert_eq!(read, b"api");
    }

    #[test]
    fn a_bad_or_huge_length_is_refused() {
        for length in ["-1", "x", "99999999999999999999", "999999"] {
            let mut read = format!("sendevent X\nContent-Length: {length}\n\n").into_bytes();
            assert!(take_message(&mut read).is_err(), "{length}");
        }
    }
}

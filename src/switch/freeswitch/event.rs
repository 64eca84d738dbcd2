//! An event as the switch sends it: `text/event-plain`.

use crate::switch::freeswitch::fields::{Fields, Lookup};
use crate::switch::freeswitch::frame::{Frame, FrameError};
use memchr::memmem;
use std::borrow::Cow;

/// One event, as long as the bytes it was read into stay.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EslEvent<'a> {
    pub fields: Fields<'a>,
    /// The text after the headers: the result of a background job.
    pub body: Cow<'a, str>,
}

impl<'a> EslEvent<'a> {
    /// # Errors
    /// [`FrameError`] when the frame's body is no block of headers.
    pub fn parse(frame: &Frame<'a>) -> Result<Self, FrameError> {
        let (head, body) = match memmem::find(frame.body, b"\n\n") {
            Some(at) => (&frame.body[..at], &frame.body[at + 2..]),
            None => (frame.body, &[][..]),
        };
        let head = std::str::from_utf8(head).map_err(|_| FrameError::NotText)?;
        Ok(Self {
            fields: Fields::parse(head)?,
            body: String::from_utf8_lossy(body),
        })
    }

    /// `Event-Name`; empty when the event has none.
    pub fn name(&self) -> &'a str {
        self.fields.raw("Event-Name").unwrap_or_default()
    }
}

impl Lookup for EslEvent<'_> {
    fn get(&self, name: &str) -> Option<Cow<'_, str>> {
        self.fields.get(name)
    }

    fn variable(&self, name: &str) -> Option<Cow<'_, str>> {
        self.fields.variable(name)
    }
}

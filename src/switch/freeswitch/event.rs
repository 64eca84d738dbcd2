//! An event as the switch sends it: `text/event-plain`.

use crate::switch::freeswitch::fields::{Fields, Lookup};
use crate::switch::freeswitch::frame::{Frame, FrameError};
use std::borrow::Cow;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EslEvent {
    fields: Fields,
    /// The text after the headers: the result of a background job.
    pub body: String,
}

impl EslEvent {
    /// # Errors
    /// [`FrameError`] when the frame's body is no block of headers.
    pub fn parse(frame: &Frame) -> Result<Self, FrameError> {
        let split = frame.body.windows(2).position(|pair| pair == b"\n\n");
        let (head, body) = match split {
            Some(at) => (&frame.body[..at], &frame.body[at + 2..]),
            None => (&frame.body[..], &[][..]),
        };
        let head = std::str::from_utf8(head).map_err(|_| FrameError::NotText)?;
        Ok(Self {
            fields: Fields::parse(head.to_owned())?,
            body: String::from_utf8_lossy(body).into_owned(),
        })
    }

    /// `Event-Name`; empty when the event has none.
    pub fn name(&self) -> &str {
        self.fields.raw("Event-Name").unwrap_or_default()
    }
}

impl Lookup for EslEvent {
    fn get(&self, name: &str) -> Option<Cow<'_, str>> {
        self.fields.get(name)
    }
}

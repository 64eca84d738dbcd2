//! A fingerprint of everything that happened, so that two runs can be compared.

use crate::engine::command::Command;
use crate::engine::event::Event;
use crate::engine::time::Timestamp;
use serde::Serialize;
use sha2::{Digest, Sha256};
use std::io::Write;

/// Digests each step; on request also writes each as one line of JSON.
pub struct Trace<'a> {
    digest: Sha256,
    line: Vec<u8>,
    to: Option<&'a mut dyn Write>,
}

/// One step as it is written.
#[derive(Serialize)]
struct Step<'a> {
    at: Timestamp,
    event: &'a Event,
    commands: &'a [Command],
}

impl<'a> Trace<'a> {
    pub fn new(to: Option<&'a mut dyn Write>) -> Self {
        Self {
            digest: Sha256::new(),
            line: Vec::new(),
            to,
        }
    }

    /// # Errors
    /// When the step cannot be written.
    pub fn step(
        &mut self,
        at: Timestamp,
        event: &Event,
        commands: &[Command],
    ) -> std::io::Result<()> {
        self.line.clear();
        serde_json::to_writer(
            &mut self.line,
            &Step {
                at,
                event,
                commands,
            },
        )?;
        self.line.push(b'\n');
        self.digest.update(&self.line);
        match &mut self.to {
            Some(to) => to.write_all(&self.line),
            None => Ok(()),
        }
    }

    /// The digest of all steps: 64 hexadecimal digits.
    pub fn fingerprint(self) -> String {
        hex::encode(self.digest.finalize())
    }
}

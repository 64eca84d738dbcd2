//! One line of a segment: its checksum, what it is, and its fields, with
//! tabulators between. JSON holds neither tabulators nor line breaks, so that
//! the next line is found again behind a damaged one, and `cut` and `jq` read
//! a journal too.
//!
//! ```text
//! <crc32> journal <format> <id>
//! <crc32> entry <seq> <milliseconds> <last command> <event> <commands>
//! <crc32> lost <gap>
//! ```

use crate::engine::time::Timestamp;
use crate::store::journal::entry::{Record, Step};
use crate::store::journal::gap::Gap;
use crc32fast::hash as crc32;
use std::fmt::Display;
use std::io::Write;

/// The format this version writes.
pub(super) const FORMAT: u32 = 2;

const CHECKSUM: usize = 8;

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Line {
    /// The first of every segment.
    Head {
        format: u32,
        id: String,
    },
    Entry(Record),
    Lost(Gap),
}

pub(super) fn write_head(out: &mut Vec<u8>, id: &str) -> std::io::Result<()> {
    sealed(out, |out| write!(out, "journal\t{FORMAT}\t{id}"))
}

pub(super) fn write_entry(
    out: &mut Vec<u8>,
    seq: u64,
    last_command: u64,
    step: &Step,
) -> std::io::Result<()> {
    sealed(out, |out| {
        let at = step.at.as_millis();
        write!(out, "entry\t{seq}\t{at}\t{last_command}\t")?;
        serde_json::to_writer(&mut *out, &step.event)?;
        out.push(b'\t');
        serde_json::to_writer(out, &step.commands)?;
        Ok(())
    })
}

pub(super) fn write_lost(out: &mut Vec<u8>, gap: &Gap) -> std::io::Result<()> {
    sealed(out, |out| {
        out.extend_from_slice(b"lost\t");
        Ok(serde_json::to_writer(out, gap)?)
    })
}

/// Writes a line with its checksum, or nothing.
pub(super) fn sealed(
    out: &mut Vec<u8>,
    body: impl FnOnce(&mut Vec<u8>) -> std::io::Result<()>,
) -> std::io::Result<()> {
    let start = out.len();
    out.extend_from_slice(b"00000000\t");
    let written = body(out);
    match written {
        Ok(()) => {
            let sum = format!("{:08x}", crc32(&out[start + CHECKSUM + 1..]));
            out[start..start + CHECKSUM].copy_from_slice(sum.as_bytes());
            out.push(b'\n');
        }
        Err(_) => out.truncate(start),
    }
    written
}

/// The body of a line whose checksum is right.
///
/// # Errors
/// What is wrong with it.
pub(super) fn unsealed(line: &[u8]) -> Result<&str, String> {
    let (sum, body) = line
        .split_at_checked(CHECKSUM)
        .and_then(|(sum, rest)| Some((sum, rest.strip_prefix(b"\t")?)))
        .ok_or("it has no checksum")?;
    let claimed = str::from_utf8(sum)
        .ok()
        .and_then(|sum| u32::from_str_radix(sum, 16).ok());
    if claimed != Some(crc32(body)) {
        return Err("its checksum is wrong".to_owned());
    }
    str::from_utf8(body).map_err(|error| error.to_string())
}

impl Line {
    /// Reads a line without its line break.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(super) fn read(line: &[u8]) -> Result<Self, String> {
        let body = unsealed(line)?;
        let mut fields = body.split('\t');
        let mut field = || fields.next().ok_or("it has too few fields".to_owned());
        match field()? {
            "journal" => Ok(Self::Head {
                format: number(field()?)?,
                id: field()?.to_owned(),
            }),
            "entry" => Ok(Self::Entry(Record {
                seq: number(field()?)?,
                at: Timestamp::from_millis(number(field()?)?),
                last_command: number(field()?)?,
                event: field()?.to_owned(),
                commands: field()?.to_owned(),
            })),
            "lost" => serde_json::from_str(field()?)
                .map(Self::Lost)
                .map_err(|error| error.to_string()),
            other => Err(format!("it is {other:?}, which is not known")),
        }
    }
}

fn number<T: std::str::FromStr<Err: Display>>(text: &str) -> Result<T, String> {
    text.parse()
        .map_err(|error| format!("{text:?} is no number: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::event::Event;

    #[test]
    fn a_line_is_read_as_it_was_written_and_no_changed_byte_goes_unnoticed() {
        let mut out = Vec::new();
        let step = Step::new(
            Timestamp::from_millis(-5),
            Event::Started { seed: 7 },
            Vec::new(),
        );
        write_entry(&mut out, 3, 9, &step).unwrap();
        let line = out.strip_suffix(b"\n").unwrap();
        let Ok(Line::Entry(record)) = Line::read(line) else {
            panic!("{:?}", Line::read(line));
        };
        assert_eq!((record.seq, record.last_command), (3, 9));
        assert_eq!(record.entry().unwrap().event, step.event);
        for place in 0..line.len() {
            let mut changed = line.to_vec();
            changed[place] ^= 1;
            assert!(Line::read(&changed).is_err(), "byte {place}");
        }
    }
}

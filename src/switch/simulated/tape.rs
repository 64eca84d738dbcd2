//! What a recording heard, and its WAV file.

use crate::engine::id::CommandId;
use crate::engine::time::{Span, Timestamp};
use crate::switch::{RecordedMedia, SwitchEvent};
use std::path::Path;

/// Samples per second, as telephone networks have it.
pub const SAMPLE_RATE: u32 = 8_000;
/// Stretches of talk kept for one recording; what is talked after them is
/// recorded as silence.
pub const MAX_STRETCHES: usize = 1_000;
/// Longest file written; what is longer is cut.
const MAX_LENGTH: Span = Span::seconds(4 * 3_600);
/// Tones that stand for the two voices: 400 Hz and 500 Hz, whole periods of
/// 20 and 16 samples.
const CALLER_PERIOD: u32 = 20;
const AGENT_PERIOD: u32 = 16;
const AMPLITUDE: f64 = 8_000.0;

/// A finished recording: when it ran, and when the two sides could talk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tape {
    pub recording: CommandId,
    /// The switch's name for the file.
    pub file: String,
    pub started: Timestamp,
    pub ended: Timestamp,
    /// From when to when the two legs were bridged; silence in between.
    pub talk: Vec<(Timestamp, Timestamp)>,
    /// A message that a caller left: the caller alone.
    pub is_message: bool,
}

impl Tape {
    /// From the beginning to the last sound.
    pub fn heard(&self) -> Span {
        let last = self.talk.last();
        last.map_or(Span::ZERO, |(_, until)| until.since(self.started))
    }

    pub fn length(&self) -> Span {
        self.ended.since(self.started)
    }

    /// What the switch says when the file is complete.
    pub fn finished(&self) -> SwitchEvent {
        let file = self.file.clone();
        let media = match self.is_message {
            true => RecordedMedia::Mono { file },
            false => RecordedMedia::Stereo { file },
        };
        SwitchEvent::RecordingFinished {
            recording: self.recording,
            media,
        }
    }

    /// Writes the recording as it lasted: stereo, the caller's tone on the left
    /// and the agent's on the right while they talked; of a message the caller's
    /// tone alone.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn write(&self, path: &Path) -> Result<(), hound::Error> {
        let spec = hound::WavSpec {
            channels: if self.is_message { 1 } else { 2 },
            sample_rate: SAMPLE_RATE,
            bits_per_sample: 16,
            sample_format: hound::SampleFormat::Int,
        };
        let mut file = hound::WavWriter::create(path, spec)?;
        let (caller, agent) = (tone(CALLER_PERIOD), tone(AGENT_PERIOD));
        let talk: Vec<(u64, u64)> = self
            .talk
            .iter()
            .map(|(from, to)| {
                (
                    samples(from.since(self.started)),
                    samples(to.since(self.started)),
                )
            })
            .collect();
        let mut stretches = talk.iter().peekable();
        for sample in 0..samples(self.length().min(MAX_LENGTH)) {
            while stretches.next_if(|(_, to)| *to <= sample).is_some() {}
            let talking = stretches.peek().is_some_and(|(from, _)| *from <= sample);
            let heard = |tone: &[i16]| {
                let place = usize::try_from(sample).unwrap_or(0) % tone.len();
                if talking { tone[place] } else { 0 }
            };
            file.write_sample(heard(&caller))?;
            if !self.is_message {
                file.write_sample(heard(&agent))?;
            }
        }
        file.finalize()
    }
}

fn samples(span: Span) -> u64 {
    span.as_millis() * u64::from(SAMPLE_RATE) / 1_000
}

/// One period of a sine.
fn tone(period: u32) -> Vec<i16> {
    let angle = |sample: u32| f64::from(sample) * std::f64::consts::TAU / f64::from(period);
    #[expect(
        clippy::cast_possible_truncation,
        reason = "the amplitude is within 16 bits"
    )]
    (0..period)
        .map(|sample| (angle(sample).sin() * AMPLITUDE) as i16)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_is_as_long_as_the_recording_and_silent_while_nobody_talks() {
        let at = Timestamp::from_millis;
        let tape = Tape {
            recording: CommandId(1),
            file: "a.wav".to_owned(),
            started: at(1_000),
            ended: at(4_000),
            talk: vec![(at(1_500), at(2_500)), (at(3_500), at(4_000))],
            is_message: false,
        };
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(&tape.file);
        tape.write(&path).unwrap();

        let mut file = hound::WavReader::open(&path).unwrap();
        assert_eq!((file.spec().channels, file.duration()), (2, 24_000));
        let samples: Vec<i16> = file.samples().map(Result::unwrap).collect();
        let loud = |from_ms: usize, to_ms: usize, side: usize| {
            samples[from_ms * 16..to_ms * 16]
                .iter()
                .skip(side)
                .step_by(2)
                .any(|sample| sample.unsigned_abs() > 1_000)
        };
        for side in [0, 1] {
            assert!(!loud(0, 500, side) && loud(500, 1_500, side));
            assert!(!loud(1_500, 2_500, side) && loud(2_500, 3_000, side));
        }
    }
}

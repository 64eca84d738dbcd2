//! From what the switch recorded to the standard form: WAV, 16 bit, caller
//! left, agent right. Sample by sample, so that a long call takes no memory.

use crate::switch::Lag;
use hound::{SampleFormat, WavReader, WavSpec, WavWriter};
use std::fs::File;
use std::io::{BufReader, BufWriter};
use std::path::Path;

/// Lowest sampling rate kept, in samples a second.
const LOWEST_RATE: u32 = 8_000;
/// A lag beyond this is a mistake of somebody's clock, not of two tracks.
const LONGEST_LAG_MS: u64 = 10 * 60 * 1_000;

#[derive(Debug, thiserror::Error)]
pub enum AssembleError {
    #[error("{what} is no WAV file that can be read: {why}")]
    Unreadable {
        what: &'static str,
        why: hound::Error,
    },
    #[error("{what} has {found} channel(s) where {expected} were expected")]
    Channels {
        what: &'static str,
        found: u16,
        expected: u16,
    },
    #[error("{what} has {rate} samples a second; at least {LOWEST_RATE} are needed")]
    Rate { what: &'static str, rate: u32 },
    #[error(
        "the caller's side has {caller} samples a second and the agent's {agent}; record both alike"
    )]
    RatesDiffer { caller: u32, agent: u32 },
    #[error("the two sides are said to begin {ms} ms apart, which cannot be")]
    Lag { ms: i64 },
    #[error("the recording holds no audio")]
    Empty,
    #[error("the assembled recording cannot be written: {0}")]
    Write(hound::Error),
}

/// Brings a stereo file into the standard form, and gives its length in milliseconds.
///
/// # Errors
/// [`AssembleError`] when it can't be read, is not stereo or holds nothing.
pub fn stereo(from: &Path, into: &Path) -> Result<u64, AssembleError> {
    const WHAT: &str = "the recording";
    let track = Track::open(WHAT, from, 2)?;
    let mut output = Output::create(into, track.rate)?;
    let mut samples = track.samples();
    while let Some(left) = samples.next() {
        // A last frame of one sample alone is a cut; what is whole is kept.
        let Some(right) = samples.next() else { break };
        output.frame(left?, right?)?;
    }
    output.finish()
}

/// Brings a mono message into the standard form: both channels carry it.
///
/// # Errors
/// [`AssembleError`] when it can't be read, is not mono or is empty.
pub fn mono(from: &Path, into: &Path) -> Result<u64, AssembleError> {
    let track = Track::open("the message", from, 1)?;
    let mut output = Output::create(into, track.rate)?;
    for sample in track.samples() {
        let sample = sample?;
        output.frame(sample, sample)?;
    }
    output.finish()
}

/// Merges two mono tracks, the caller's left and the agent's right. The agent's
/// began `agent_lag` after the caller's. The shorter one ends in silence.
///
/// # Errors
/// [`AssembleError`] when a track can't be read, is not mono, the rates differ
/// or both hold nothing.
pub fn pair(
    caller: &Path,
    agent: &Path,
    agent_lag: Lag,
    into: &Path,
) -> Result<u64, AssembleError> {
    let caller = Track::open("the caller's side", caller, 1)?;
    let agent = Track::open("the agent's side", agent, 1)?;
    if caller.rate != agent.rate {
        return Err(AssembleError::RatesDiffer {
            caller: caller.rate,
            agent: agent.rate,
        });
    }
    let rate = caller.rate;
    let lag_ms = agent_lag.0.unsigned_abs();
    if lag_ms > LONGEST_LAG_MS {
        return Err(AssembleError::Lag { ms: agent_lag.0 });
    }
    if caller.is_empty() && agent.is_empty() {
        return Err(AssembleError::Empty);
    }
    let silence = lag_ms * u64::from(rate) / 1_000;
    let (before_caller, before_agent) = match agent_lag.0 >= 0 {
        true => (0, silence),
        false => (silence, 0),
    };
    let mut left = caller.after_silence(before_caller);
    let mut right = agent.after_silence(before_agent);
    let mut output = Output::create(into, rate)?;
    loop {
        match (left.next().transpose()?, right.next().transpose()?) {
            (None, None) => return output.finish(),
            (left, right) => output.frame(left.unwrap_or(0), right.unwrap_or(0))?,
        }
    }
}

/// The length of a file in the standard form, in milliseconds.
///
/// # Errors
/// [`AssembleError::Unreadable`] when it is no WAV file.
pub fn length_ms(path: &Path) -> Result<u64, AssembleError> {
    const WHAT: &str = "the filed recording";
    let reader =
        WavReader::open(path).map_err(|why| AssembleError::Unreadable { what: WHAT, why })?;
    Ok(u64::from(reader.duration()) * 1_000 / u64::from(reader.spec().sample_rate.max(1)))
}

/// Stretches of a message that are looked at for sound, in milliseconds.
const STRETCH_MS: u32 = 20;
/// Mean level below which a stretch counts as silence (speech is some
/// thousands, line noise some tens).
const SILENCE_LEVEL: u64 = 200;

/// Where the last sound of a message in the standard form ends, in milliseconds
/// from its beginning; 0 when it holds none.
///
/// # Errors
/// [`AssembleError::Unreadable`] when it is no WAV file.
pub fn heard_ms(path: &Path) -> Result<u64, AssembleError> {
    let track = Track::open("the message", path, 2)?;
    // Both channels carry the same.
    let stretch = u64::from(track.rate * STRETCH_MS / 1_000) * 2;
    let (mut level, mut samples, mut stretches, mut heard) = (0, 0, 0, 0);
    for sample in track.samples() {
        level += u64::from(sample?.unsigned_abs());
        samples += 1;
        if samples == stretch {
            stretches += 1;
            if level / stretch >= SILENCE_LEVEL {
                heard = stretches;
            }
            (level, samples) = (0, 0);
        }
    }
    Ok(heard * u64::from(STRETCH_MS))
}

/// A file to read from.
struct Track {
    what: &'static str,
    rate: u32,
    reader: WavReader<BufReader<File>>,
}

impl Track {
    fn open(what: &'static str, path: &Path, channels: u16) -> Result<Self, AssembleError> {
        let reader =
            WavReader::open(path).map_err(|why| AssembleError::Unreadable { what, why })?;
        let spec = reader.spec();
        if spec.channels != channels {
            let found = spec.channels;
            return Err(AssembleError::Channels {
                what,
                found,
                expected: channels,
            });
        }
        if spec.sample_rate < LOWEST_RATE {
            return Err(AssembleError::Rate {
                what,
                rate: spec.sample_rate,
            });
        }
        Ok(Self {
            what,
            rate: spec.sample_rate,
            reader,
        })
    }

    fn is_empty(&self) -> bool {
        self.reader.duration() == 0
    }

    /// The samples in 16 bit, whatever the file has.
    fn samples(self) -> Box<dyn Iterator<Item = Result<i16, AssembleError>>> {
        let (what, spec) = (self.what, self.reader.spec());
        let unreadable = move |why| AssembleError::Unreadable { what, why };
        match spec.sample_format {
            SampleFormat::Int => Box::new(self.reader.into_samples::<i32>().map(move |sample| {
                sample
                    .map(|sample| narrowed(sample, spec.bits_per_sample))
                    .map_err(unreadable)
            })),
            SampleFormat::Float => Box::new(self.reader.into_samples::<f32>().map(move |sample| {
                // The cast saturates, which is what clipping is.
                sample
                    .map(|sample| (sample * 32_767.0) as i16)
                    .map_err(unreadable)
            })),
        }
    }

    fn after_silence(self, samples: u64) -> impl Iterator<Item = Result<i16, AssembleError>> {
        let silence = usize::try_from(samples).unwrap_or(usize::MAX);
        std::iter::repeat_with(|| Ok(0))
            .take(silence)
            .chain(self.samples())
    }
}

/// A whole-number sample of some width as one of 16 bit.
fn narrowed(sample: i32, bits: u16) -> i16 {
    let sample = match bits {
        0..=16 => sample << (16 - bits),
        _ => sample >> (bits - 16),
    };
    i16::try_from(sample).unwrap_or(if sample < 0 { i16::MIN } else { i16::MAX })
}

/// The file being written.
struct Output {
    writer: WavWriter<BufWriter<File>>,
    rate: u32,
    frames: u64,
}

impl Output {
    fn create(into: &Path, rate: u32) -> Result<Self, AssembleError> {
        let spec = WavSpec {
            channels: 2,
            sample_rate: rate,
            bits_per_sample: 16,
            sample_format: SampleFormat::Int,
        };
        let writer = WavWriter::create(into, spec).map_err(AssembleError::Write)?;
        Ok(Self {
            writer,
            rate,
            frames: 0,
        })
    }

    fn frame(&mut self, left: i16, right: i16) -> Result<(), AssembleError> {
        self.writer
            .write_sample(left)
            .map_err(AssembleError::Write)?;
        self.writer
            .write_sample(right)
            .map_err(AssembleError::Write)?;
        self.frames += 1;
        Ok(())
    }

    fn finish(self) -> Result<u64, AssembleError> {
        self.writer.finalize().map_err(AssembleError::Write)?;
        match self.frames {
            0 => Err(AssembleError::Empty),
            frames => Ok(frames * 1_000 / u64::from(self.rate)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::PathBuf;

    fn spec(channels: u16, sample_rate: u32) -> WavSpec {
        WavSpec {
            channels,
            sample_rate,
            bits_per_sample: 16,
            sample_format: SampleFormat::Int,
        }
    }

    fn write(folder: &Path, name: &str, spec: WavSpec, samples: &[i16]) -> PathBuf {
        let path = folder.join(name);
        let mut writer = WavWriter::create(&path, spec).unwrap();
        samples
            .iter()
            .for_each(|sample| writer.write_sample(*sample).unwrap());
        writer.finalize().unwrap();
        path
    }

    fn read(path: &Path) -> Vec<i16> {
        WavReader::open(path)
            .unwrap()
            .samples()
            .map(Result::unwrap)
            .collect()
    }

    #[test]
    fn a_later_agent_is_moved_to_where_they_began() {
        let folder = tempfile::tempdir().unwrap();
        let caller = write(folder.path(), "c.wav", spec(1, 8_000), &[1; 24]);
        let agent = write(folder.path(), "a.wav", spec(1, 8_000), &[2; 8]);
        let into = folder.path().join("out.wav");
        assert_eq!(pair(&caller, &agent, Lag(1), &into).unwrap(), 3);
        let mut expected = [[1, 0]; 24];
        expected[8..16].fill([1, 2]);
        assert_eq!(read(&into), expected.concat());

        assert_eq!(pair(&caller, &agent, Lag(-2), &into).unwrap(), 5);
        let samples = read(&into);
        assert_eq!(samples[..16], [[0, 2]; 8].concat()[..]);
        assert_eq!(samples[16..32], [0; 16]);
        assert_eq!(samples[32..], [[1, 0]; 24].concat()[..]);
    }

    #[test]
    fn one_silent_side_is_a_recording_and_two_are_none() {
        let folder = tempfile::tempdir().unwrap();
        let silent = write(folder.path(), "c.wav", spec(1, 8_000), &[]);
        let agent = write(folder.path(), "a.wav", spec(1, 8_000), &[2; 80]);
        let into = folder.path().join("out.wav");
        assert_eq!(pair(&silent, &agent, Lag(0), &into).unwrap(), 10);
        assert!(matches!(
            pair(&silent, &silent, Lag(0), &into),
            Err(AssembleError::Empty)
        ));
    }

    #[test]
    fn wider_samples_are_brought_to_sixteen_bit() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("wide.wav");
        let wide = WavSpec {
            bits_per_sample: 24,
            ..spec(2, 16_000)
        };
        let mut writer = WavWriter::create(&path, wide).unwrap();
        for sample in [0x12_3456_i32, -0x12_3456] {
            writer.write_sample(sample).unwrap();
        }
        writer.finalize().unwrap();
        let into = folder.path().join("out.wav");
        stereo(&path, &into).unwrap();
        assert_eq!(read(&into), [0x1234, -0x1235]);
    }

    #[test]
    fn what_does_not_fit_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let mono = write(folder.path(), "m.wav", spec(1, 8_000), &[1; 8]);
        let faster = write(folder.path(), "f.wav", spec(1, 16_000), &[1; 8]);
        let slow = write(folder.path(), "s.wav", spec(2, 6_000), &[1; 8]);
        let into = folder.path().join("out.wav");
        assert!(matches!(
            stereo(&mono, &into),
            Err(AssembleError::Channels { found: 1, .. })
        ));
        assert!(matches!(
            pair(&mono, &faster, Lag(0), &into),
            Err(AssembleError::RatesDiffer {
                caller: 8_000,
                agent: 16_000
            })
        ));
        assert!(matches!(
            stereo(&slow, &into),
            Err(AssembleError::Rate { rate: 6_000, .. })
        ));
        assert!(matches!(
            pair(&mono, &mono, Lag(i64::MIN), &into),
            Err(AssembleError::Lag { .. })
        ));
        std::fs::write(&mono, b"RIFF....WAVE and nothing else").unwrap();
        assert!(matches!(
            stereo(&mono, &into),
            Err(AssembleError::Unreadable { .. })
        ));
    }
}

//! Sound as the tests measure it: tones, their strength, and how far one
//! track lags behind another. Samples are 16-bit linear at 8 kHz.

use std::f64::consts::TAU;
use std::ops::RangeInclusive;

/// Samples in a second.
pub const RATE: usize = 8_000;

/// Samples in a millisecond.
const PER_MS: usize = RATE / 1_000;

/// G.711 µ-law (ITU-T G.711, table 2): one byte for one linear sample.
pub fn to_ulaw(sample: i16) -> u8 {
    const BIAS: i32 = 132;
    let sign = if sample < 0 { 0x80 } else { 0 };
    let magnitude = i32::from(sample).abs().min(32_635) + BIAS;
    let exponent = (0..8)
        .rev()
        .find(|e| magnitude & (1 << (e + 7)) != 0)
        .unwrap_or(0);
    let mantissa = (magnitude >> (exponent + 3)) & 0x0F;
    !((sign | (exponent << 4) | mantissa) as u8)
}

/// The linear sample of a µ-law byte.
pub fn from_ulaw(byte: u8) -> i16 {
    let byte = i32::from(!byte);
    let magnitude = ((((byte & 0x0F) << 3) + 132) << ((byte & 0x70) >> 4)) - 132;
    (if byte & 0x80 == 0 {
        magnitude
    } else {
        -magnitude
    }) as i16
}

/// What a phone says.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Voice {
    Silent,
    Tone {
        hz: f64,
    },
    /// Bursts of a tone whose lengths change in a fixed pattern, so that two
    /// tracks that hold it match at one lag only.
    Bursts {
        hz: f64,
    },
    /// Whatever it hears, at once.
    Echo,
    /// Sends no audio at all, as phones do that have put their far end on hold.
    Nothing,
}

/// Lengths of the bursts and the pauses between them, in milliseconds.
const PATTERN: [usize; 10] = [240, 160, 400, 120, 160, 320, 560, 200, 320, 440];

impl Voice {
    /// The sample number `n` of the voice.
    pub fn sample(self, n: usize) -> i16 {
        match self {
            Voice::Silent | Voice::Echo | Voice::Nothing => 0,
            Voice::Tone { hz } => tone(hz, n),
            Voice::Bursts { hz } if is_burst(n / PER_MS) => tone(hz, n),
            Voice::Bursts { .. } => 0,
        }
    }
}

fn tone(hz: f64, n: usize) -> i16 {
    (8_000.0 * (TAU * hz * n as f64 / RATE as f64).sin()) as i16
}

fn is_burst(ms: usize) -> bool {
    let mut into = ms % PATTERN.iter().sum::<usize>();
    for (index, length) in PATTERN.iter().enumerate() {
        if into < *length {
            return index % 2 == 0;
        }
        into -= length;
    }
    false
}

/// Root mean square of the samples; 0 for none. Speech is some thousands.
pub fn loudness(samples: &[i16]) -> f64 {
    if samples.is_empty() {
        return 0.0;
    }
    let sum: f64 = samples.iter().map(|s| f64::from(*s).powi(2)).sum();
    (sum / samples.len() as f64).sqrt()
}

/// The share of the samples' power that lies at `hz`, 0 to 1 (Goertzel).
pub fn share_of(hz: f64, samples: &[i16]) -> f64 {
    let power: f64 = samples.iter().map(|s| f64::from(*s).powi(2)).sum();
    if power < 1.0 {
        return 0.0;
    }
    let step = TAU * hz / RATE as f64;
    let (mut re, mut im) = (0.0, 0.0);
    for (n, sample) in samples.iter().enumerate() {
        re += f64::from(*sample) * (step * n as f64).cos();
        im += f64::from(*sample) * (step * n as f64).sin();
    }
    2.0 * (re * re + im * im) / (power * samples.len() as f64)
}

/// Two tracks at least this alike hold the same sound. An echo over a quiet
/// machine comes out above 0.95; frames lost on a loaded one take some of it away.
pub const ALIKE: f64 = 0.6;

/// Whether a switch recorded so much of a conversation that its two sides can be
/// compared. A machine that gives the switch no time loses frames of both, each
/// side others; then this says so, loudly.
pub fn is_whole(recorded_ms: i64, lasted_ms: i64) -> bool {
    let whole = recorded_ms * 10 >= lasted_ms * 9;
    if !whole {
        eprintln!(
            "skipped: the alignment: the machine let the switch record {recorded_ms} of {lasted_ms} ms"
        );
    }
    whole
}

/// Where a phone's echo may lie in a recording whose two sides are aligned, in
/// milliseconds after what was said. The phone, the bridge and the jitter
/// buffers delay it, and a loaded machine more; sides that are not aligned are
/// apart by the agent's time to answer, or drift by what was left out.
pub const ECHO_MS: RangeInclusive<i64> = -60..=200;

/// By how many milliseconds `later` lags behind `earlier`, searched from
/// -`range` to +`range`, and how alike the two are at that lag (0 to 1).
pub fn lag(earlier: &[i16], later: &[i16], range: i64) -> (i64, f64) {
    let (a, b) = (envelope(earlier), envelope(later));
    (-range..=range)
        .map(|lag| (lag, likeness(&a, &b, lag)))
        .max_by(|x, y| x.1.total_cmp(&y.1))
        .unwrap_or((0, 0.0))
}

/// Mean magnitude of each millisecond, less its mean over the track.
fn envelope(samples: &[i16]) -> Vec<f64> {
    let mut steps: Vec<f64> = samples
        .chunks(PER_MS)
        .map(|ms| ms.iter().map(|s| f64::from(*s).abs()).sum::<f64>() / ms.len() as f64)
        .collect();
    let mean = steps.iter().sum::<f64>() / steps.len().max(1) as f64;
    steps.iter_mut().for_each(|step| *step -= mean);
    steps
}

fn likeness(a: &[f64], b: &[f64], lag: i64) -> f64 {
    let (mut product, mut of_a, mut of_b) = (0.0, 0.0, 0.0);
    for (n, x) in a.iter().enumerate() {
        let Some(y) = usize::try_from(n as i64 + lag).ok().and_then(|n| b.get(n)) else {
            continue;
        };
        product += x * y;
        of_a += x * x;
        of_b += y * y;
    }
    if of_a > 0.0 && of_b > 0.0 {
        product / (of_a * of_b).sqrt()
    } else {
        0.0
    }
}

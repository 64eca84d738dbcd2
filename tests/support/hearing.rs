//! Who hears whom: each party says a tone of its own, and what reaches the
//! others is measured.

use super::audio::{loudness, share_of};
use super::freeswitch::SOON;
use super::rtp::Line;
use hound::WavReader;
use std::io::Cursor;

/// Samples in which a tone that must not be heard is looked for: 400 ms.
const LISTEN: usize = 3_200;

/// One party, and the tones in Hz that it hears: these, and of all others none.
pub struct Hears<'a> {
    pub who: &'a str,
    pub line: &'a Line,
    pub tones: &'a [f64],
}

/// Waits until each party hears what it should, and then for a while that it hears
/// none of the other tones in `all`.
pub async fn hear_only(all: &[f64], parties: &[Hears<'_>]) {
    for party in parties {
        let mark = party.line.mark();
        for hz in party.tones {
            let heard = party.line.hears_tone(*hz, mark, SOON).await;
            heard.unwrap_or_else(|why| panic!("{}: {why}", party.who));
        }
    }
    let marks: Vec<usize> = parties.iter().map(|party| party.line.mark()).collect();
    for (party, mark) in parties.iter().zip(&marks) {
        if let Some(hz) = party.tones.first() {
            let later = mark + LISTEN;
            let heard = party.line.hears_tone(*hz, later, SOON).await;
            heard.unwrap_or_else(|why| panic!("{} no longer: {why}", party.who));
        }
    }
    for (party, mark) in parties.iter().zip(&marks) {
        let heard = party.line.heard_since(*mark);
        for hz in all.iter().filter(|hz| !party.tones.contains(hz)) {
            let (share, level) = (share_of(*hz, &heard), loudness(&heard));
            assert!(
                level < 50.0 || share < 0.05,
                "{} hears {hz} Hz: {share:.2} of what has loudness {level:.0}",
                party.who
            );
        }
    }
}

/// What was recorded of a caller, as WAV, holds two seconds at least of little else
/// than a tone.
pub fn is_spoken(audio: Vec<u8>, hz: f64) {
    let mut wav = WavReader::new(Cursor::new(audio)).expect("a WAV file");
    assert_eq!(wav.spec().sample_rate, 8_000);
    let channels = usize::from(wav.spec().channels);
    let samples: Vec<i16> = wav.samples().map(|sample| sample.expect("whole")).collect();
    let samples: Vec<i16> = samples.into_iter().step_by(channels).collect();
    let windows = samples.chunks_exact(1_600);
    let spoken = windows.filter(|window| share_of(hz, window) > 0.9).count();
    assert!(
        spoken >= 10,
        "{spoken} windows of {} samples",
        samples.len()
    );
}

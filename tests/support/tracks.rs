//! The tracks of a finished recording, fetched from the switch as samples.

use super::switch::Driver;
use hound::WavReader;
use switchyard::switch::RecordedMedia;

/// Fetches the tracks in order (caller before agent), and discards them on the
/// switch, which must have them no more after that.
pub async fn fetch(driver: &Driver, media: &RecordedMedia) -> Vec<Vec<i16>> {
    let names = match media {
        RecordedMedia::Pair { caller, agent, .. } => vec![caller, agent],
        RecordedMedia::Stereo { file } | RecordedMedia::Mono { file } => vec![file],
    };
    let folder = tempfile::tempdir().expect("a folder");
    let source = &driver.link.media;
    let mut tracks = Vec::new();
    for name in names {
        let file = folder.path().join(name);
        let fetched = source.fetch(name, &file).await;
        fetched.expect("the recording is stored");
        let wav = WavReader::open(&file).expect("a WAV file");
        tracks.push(wav.into_samples::<i16>().map(Result::unwrap).collect());
        let discarded = source.discard(name).await;
        discarded.expect("the recording is stored");
        let gone = source.fetch(name, &file).await;
        gone.expect_err("the recording was discarded");
    }
    tracks
}

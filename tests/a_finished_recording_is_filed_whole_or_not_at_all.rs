//! The recordings room, with a switch whose folder is a folder here.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use futures_util::future::BoxFuture;
use hound::{SampleFormat, WavReader, WavSpec, WavWriter};
use sha2::{Digest, Sha256};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;
use switchyard::engine::event::Event;
use switchyard::engine::id::{CommandId, SwitchId, TenantId};
use switchyard::engine::recording::{FiledRecording, FilingOrder};
use switchyard::engine::time::{Span, Timestamp};
use switchyard::recordings::filer::MediaSources;
use switchyard::recordings::{Filer, FilerSettings, FolderError, RecordingsFolder};
use switchyard::switch::link::{MediaError, MediaSource};
use switchyard::switch::{Lag, RecordedMedia};
use tokio::sync::mpsc;

/// A switch that keeps its recordings in a folder and may fail a few times.
struct FolderSwitch {
    folder: PathBuf,
    failures: AtomicU32,
}

impl MediaSource for FolderSwitch {
    fn fetch<'a>(&'a self, file: &'a str, into: &'a Path) -> BoxFuture<'a, Result<(), MediaError>> {
        Box::pin(async move {
            let missing = || MediaError::Missing {
                file: file.to_owned(),
            };
            if self.failures.load(Ordering::SeqCst) > 0 {
                self.failures.fetch_sub(1, Ordering::SeqCst);
                return Err(missing());
            }
            std::fs::copy(self.folder.join(file), into)
                .map(|_| ())
                .map_err(|_| missing())
        })
    }

    fn discard<'a>(&'a self, file: &'a str) -> BoxFuture<'a, Result<(), MediaError>> {
        Box::pin(async move {
            std::fs::remove_file(self.folder.join(file)).map_err(|_| MediaError::Missing {
                file: file.to_owned(),
            })
        })
    }
}

struct Room {
    switch: tempfile::TempDir,
    folder: tempfile::TempDir,
    filer: Filer,
    events: mpsc::Receiver<Event>,
    _engine: mpsc::Sender<Event>,
}

impl Room {
    fn new(failures: u32) -> Self {
        let (switch, folder) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let source: Arc<dyn MediaSource> = Arc::new(FolderSwitch {
            folder: switch.path().to_owned(),
            failures: AtomicU32::new(failures),
        });
        let opened = RecordingsFolder::open(&folder.path().join("made/here")).unwrap();
        let settings = FilerSettings {
            tries: 3,
            first_pause: Span::millis(1),
            ..FilerSettings::new(opened, TenantId::new("acme").unwrap())
        };
        let sources = MediaSources::from([(SwitchId::new("fs1").unwrap(), source)]);
        let (sender, events) = mpsc::channel(16);
        Self {
            switch,
            folder,
            filer: Filer::start_with(settings, sources, sender.downgrade()),
            events,
            _engine: sender,
        }
    }

    fn place(&self, name: &str) -> PathBuf {
        self.folder.path().join("made/here").join(name)
    }

    fn record(&self, name: &str, channels: u16, samples: &[i16]) {
        let spec = WavSpec {
            channels,
            sample_rate: 8_000,
            bits_per_sample: 16,
            sample_format: SampleFormat::Int,
        };
        let mut writer = WavWriter::create(self.switch.path().join(name), spec).unwrap();
        samples
            .iter()
            .for_each(|sample| writer.write_sample(*sample).unwrap());
        writer.finalize().unwrap();
    }

    fn switch_files(&self) -> usize {
        self.switch.path().read_dir().unwrap().count()
    }

    fn working_files(&self) -> usize {
        self.place(".incoming").read_dir().unwrap().count()
    }

    async fn file(&mut self, order: FilingOrder) -> Event {
        self.filer.orders().send(order).await.unwrap();
        tokio::time::timeout(Duration::from_secs(30), self.events.recv())
            .await
            .unwrap()
            .unwrap()
    }

    /// Ends the filer, so that what follows an answer has happened too.
    async fn end(self) -> (tempfile::TempDir, tempfile::TempDir) {
        self.filer.finish().await;
        (self.switch, self.folder)
    }
}

fn order(media: RecordedMedia) -> FilingOrder {
    FilingOrder {
        recording: CommandId(7),
        switch: SwitchId::new("fs1").unwrap(),
        call: "01KSR4EHS00000000000000003".parse().unwrap(),
        started: Timestamp::from_millis(1_780_000_000_000),
        media,
    }
}

fn stereo() -> FilingOrder {
    order(RecordedMedia::Stereo {
        file: "both.wav".to_owned(),
    })
}

const NAME: &str = "acme/2026/05/28/01KSR4EHS00000000000000003-7.wav";

fn filed(event: Event) -> FiledRecording {
    match event {
        Event::RecordingFiled {
            recording: CommandId(7),
            filed,
        } => filed,
        other => panic!("not filed: {other:?}"),
    }
}

fn lost(event: Event) -> String {
    match event {
        Event::RecordingLost {
            recording: CommandId(7),
            why,
        } => why.to_string(),
        other => panic!("not lost: {other:?}"),
    }
}

#[tokio::test]
async fn a_stereo_recording_lies_in_the_folder_named_measured_and_hashed() {
    let mut room = Room::new(0);
    room.record("both.wav", 2, &[5; 16_000]);
    let filed = filed(room.file(stereo()).await);
    assert_eq!((filed.name.as_str(), filed.length_ms), (NAME, 1_000));
    let content = std::fs::read(room.place(NAME)).unwrap();
    assert_eq!(filed.bytes, content.len() as u64);
    assert_eq!(filed.sha256, hex::encode(Sha256::digest(&content)));
    assert_eq!(room.working_files(), 0);
    let (switch, _folder) = room.end().await;
    assert_eq!(
        switch.path().read_dir().unwrap().count(),
        0,
        "the switch's copy is discarded"
    );
}

#[tokio::test]
async fn two_sides_are_aligned_caller_left_agent_right() {
    let mut room = Room::new(0);
    room.record("caller.wav", 1, &[1; 8_000]);
    room.record("agent.wav", 1, &[2; 8_000]);
    let media = RecordedMedia::Pair {
        caller: "caller.wav".to_owned(),
        agent: "agent.wav".to_owned(),
        agent_lag: Lag(500),
    };
    let filed = filed(room.file(order(media)).await);
    assert_eq!(filed.length_ms, 1_500);
    let mut reader = WavReader::open(room.place(NAME)).unwrap();
    assert_eq!(reader.spec().channels, 2);
    let samples: Vec<i16> = reader.samples().map(Result::unwrap).collect();
    assert_eq!(samples[2 * 3_999..2 * 4_001], [1, 0, 1, 2]);
    assert_eq!(samples[2 * 7_999..2 * 8_001], [1, 2, 0, 2]);
}

#[tokio::test]
async fn a_switch_that_is_slow_to_give_the_file_is_asked_again() {
    let mut room = Room::new(2);
    room.record("both.wav", 2, &[5; 160]);
    assert_eq!(filed(room.file(stereo()).await).length_ms, 10);
}

#[tokio::test]
async fn what_cannot_be_filed_is_lost_with_its_reason_and_stays_on_the_switch() {
    let mut room = Room::new(0);
    assert!(lost(room.file(stereo()).await).contains("both.wav"));

    room.record("both.wav", 1, &[5; 160]);
    assert!(lost(room.file(stereo()).await).contains("1 channel"));

    let elsewhere = FilingOrder {
        switch: SwitchId::new("other").unwrap(),
        ..stereo()
    };
    assert!(lost(room.file(elsewhere).await).contains("no switch other"));

    std::fs::write(room.switch.path().join("both.wav"), b"no audio at all").unwrap();
    assert!(lost(room.file(stereo()).await).contains("WAV"));
    assert_eq!((room.switch_files(), room.working_files()), (1, 0));
    assert!(!room.place("acme").exists());
}

#[tokio::test]
async fn an_order_given_twice_gives_the_same_answer() {
    let mut room = Room::new(0);
    room.record("both.wav", 2, &[5; 160]);
    let first = filed(room.file(stereo()).await);
    let second = filed(room.file(stereo()).await);
    assert_eq!(first, second);
}

#[test]
fn a_folder_that_cannot_be_written_is_said_so_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    std::fs::write(&file, b"in the way").unwrap();
    let error = RecordingsFolder::open(&file.join("recordings")).unwrap_err();
    assert!(matches!(error, FolderError::NotMade { .. }), "{error}");
    assert!(error.to_string().contains("[recordings] folder"), "{error}");
}

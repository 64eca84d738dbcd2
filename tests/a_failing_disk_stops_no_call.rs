//! Disks that hold back, fill up or fail, a store that is locked, a board whose
//! reader does not let go, a process that is killed: calls go on, what is
//! irrevocable waits only as long as it must, and nothing that was kept is lost.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "support/tap.rs"]
#[expect(clippy::allow_attributes, reason = "see the next line")]
#[allow(
    dead_code,
    reason = "every test crate uses its own part of this module"
)]
mod tap;

use diesel::connection::SimpleConnection;
use diesel::{Connection, SqliteConnection};
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command as Process, Stdio};
use std::sync::{Arc, RwLock};
use std::time::Duration;
use switchyard::bench::rehearsal;
use switchyard::engine::cause::Cause;
use switchyard::engine::event::Event;
use switchyard::engine::id::{ChannelId, CommandId, SwitchId};
use switchyard::engine::time::{Span, Timestamp};
use switchyard::runtime::board::Board;
use switchyard::runtime::board::keeper::{BoardKeeper, STEP_QUEUE};
use switchyard::runtime::executor::Executor;
use switchyard::runtime::load::Load;
use switchyard::store::Store;
use switchyard::store::journal::{Journal, Reader, Step};
use switchyard::store::projector::Projector;
use switchyard::switch::{SwitchCommand, SwitchOrder};
use tap::{Flow, Tap};
use tokio::sync::{mpsc, watch};
use tokio::time::timeout;

const DAY: Span = Span::seconds(86_400);
const APPENDER: &str = "SWITCHYARD_TEST_APPENDS_TO";

async fn within<T>(wait: impl Future<Output = T>) -> T {
    timeout(Duration::from_secs(60), wait)
        .await
        .expect("it happens within a minute")
}

fn step(millis: i64) -> Step {
    Step::new(Timestamp::from_millis(millis), Event::Due, Vec::new())
}

fn order(id: u64, command: SwitchCommand) -> SwitchOrder {
    SwitchOrder {
        id: CommandId(id),
        call: "01JZZZZZZZZZZZZZZZZZZZZZZZ".parse().unwrap(),
        switch: switch(),
        command,
    }
}

fn switch() -> SwitchId {
    SwitchId::new("fs1").unwrap()
}

fn hang_up(id: u64) -> SwitchOrder {
    let command = SwitchCommand::HangUp {
        channel: ChannelId::new("c1").unwrap(),
        cause: Cause::NormalClearing,
    };
    assert!(command.is_irrevocable());
    order(id, command)
}

fn answer(id: u64) -> SwitchOrder {
    let command = SwitchCommand::Answer {
        channel: ChannelId::new("c1").unwrap(),
    };
    order(id, command)
}

/// An executor for a switch, what the switch is told, and the engine's inbox.
fn executor(journal: &Journal) -> (Executor, mpsc::Receiver<SwitchOrder>, mpsc::Sender<Event>) {
    let (link, told) = mpsc::channel(8);
    let (events, _) = mpsc::channel(8);
    let links = BTreeMap::from([(switch(), link)]);
    let executor = Executor::new(links, journal.clone(), events.downgrade());
    (executor, told, events)
}

#[tokio::test]
async fn a_hang_up_waits_for_its_entry_and_an_answer_does_not() {
    let folder = tempfile::tempdir().unwrap();
    let tap = Tap::default();
    tap.turn(Flow::Held);
    let path = folder.path().join("journal");
    let journal = Journal::open_on(&path, DAY, tap.between()).unwrap();
    let (executor, mut told, _events) = executor(&journal);

    let seq = journal.append(step(1));
    assert!(executor.send_when_kept(seq, hang_up(1)).is_none());
    assert!(executor.send(answer(2)).is_none());
    assert_eq!(within(told.recv()).await.unwrap().id, CommandId(2));
    // The gate has had its turn by now, and could not let the first one through.
    tokio::task::yield_now().await;
    assert!(told.try_recv().is_err());
    assert!(Reader::open(&path).unwrap().after(0, 9).unwrap().is_empty());

    tap.turn(Flow::Free);
    assert_eq!(within(told.recv()).await.unwrap().id, CommandId(1));
    let kept = Reader::open(&path).unwrap().after(0, 9).unwrap();
    assert_eq!(kept.len(), 1, "it left after its entry was durable");
}

#[tokio::test]
async fn a_disk_that_never_answers_holds_a_call_up_for_moments_only() {
    let folder = tempfile::tempdir().unwrap();
    let tap = Tap::default();
    tap.turn(Flow::Held);
    let journal = Journal::open_on(&folder.path().join("journal"), DAY, tap.between()).unwrap();
    let (executor, mut told, _events) = executor(&journal);
    let seq = journal.append(step(1));
    assert!(executor.send_when_kept(seq, hang_up(1)).is_none());
    assert_eq!(within(told.recv()).await.unwrap().id, CommandId(1));
    let failing = journal.health().borrow().failing.clone();
    assert_eq!(failing.as_deref(), Some("the disk does not answer"));

    tap.turn(Flow::Free);
    let mut health = journal.health();
    within(health.wait_for(|health| health.failing.is_none()))
        .await
        .unwrap();
}

/// A small file system of its own, as far as one may be mounted here.
struct SmallDisk {
    place: PathBuf,
    _folder: tempfile::TempDir,
}

impl SmallDisk {
    fn mount() -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("disk");
        std::fs::create_dir(&place).unwrap();
        let mounted = Process::new("mount")
            .args(["-t", "tmpfs", "-o", "size=1m", "tmpfs"])
            .arg(&place)
            .stderr(Stdio::null())
            .status();
        match mounted {
            Ok(status) if status.success() => Some(Self {
                place,
                _folder: folder,
            }),
            _ => {
                eprintln!("skipped: a disk that is really full (tmpfs cannot be mounted here)");
                None
            }
        }
    }

    fn fill(&self) -> PathBuf {
        let filler = self.place.join("filler");
        let mut file = std::fs::File::create(&filler).unwrap();
        let zeros = [0_u8; 4_096];
        while std::io::Write::write_all(&mut file, &zeros).is_ok() {}
        filler
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let unmounted = Process::new("umount").arg("-l").arg(&self.place).status();
        assert!(unmounted.unwrap().success());
    }
}

#[tokio::test]
async fn a_disk_that_is_really_full_is_named_and_written_again_when_there_is_room() {
    let Some(disk) = SmallDisk::mount() else {
        return;
    };
    let path = disk.place.join("journal");
    let journal = Journal::open(&path, DAY).unwrap();
    journal.append(step(1));
    within(journal.flush()).await.unwrap();
    let filler = disk.fill();

    let (executor, mut told, _events) = executor(&journal);
    let mut seq = 0;
    for n in 2..200 {
        seq = journal.append(step(n));
    }
    assert!(executor.send_when_kept(seq, hang_up(1)).is_none());
    assert_eq!(within(told.recv()).await.unwrap().id, CommandId(1));
    let why = journal.health().borrow().failing.clone().unwrap();
    assert!(why.contains("No space left"), "{why}");

    std::fs::remove_file(filler).unwrap();
    let mut durable = journal.durable();
    within(durable.wait_for(|durable| *durable >= seq))
        .await
        .unwrap();
    let numbers: Vec<u64> = Reader::open(&path)
        .unwrap()
        .after(0, 1_000)
        .unwrap()
        .iter()
        .map(|record| record.seq)
        .collect();
    assert_eq!(numbers, (1..=seq).collect::<Vec<_>>());
    drop((executor, told));
    within(journal.close()).await;
}

/// Not a test of its own: the process that [`what_was_kept_survives_a_kill`] kills.
#[tokio::test]
async fn appends_until_it_is_killed() {
    let Ok(path) = std::env::var(APPENDER) else {
        return;
    };
    let journal = Journal::open(Path::new(&path), DAY).unwrap();
    for n in 1.. {
        let seq = journal.append(step(n));
        if n % 7 == 0 {
            journal.kept(seq).await.unwrap();
            println!("kept {seq}");
        }
    }
}

#[test]
fn what_was_kept_survives_a_kill() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal");
    let mut told = 0;
    for round in 1..=3_u64 {
        let mut child = Process::new(std::env::current_exe().unwrap())
            .args(["--exact", "appends_until_it_is_killed", "--nocapture"])
            .env(APPENDER, &path)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let kept = lines
            .map_while(Result::ok)
            .filter_map(|line| line.split_once("kept ")?.1.trim().parse::<u64>().ok());
        told = kept.take(300).last().unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
        let mut reader = Reader::open(&path).unwrap();
        let numbers: Vec<u64> = reader
            .after(0, u32::MAX)
            .unwrap()
            .iter()
            .map(|record| record.seq)
            .collect();
        assert!(numbers.last().unwrap() >= &told, "round {round}");
        assert!(numbers.is_sorted_by(|a, b| a + 1 == *b), "round {round}");
    }
    assert!(told > 2_000, "each run goes on where the last one ended");
}

/// Some calls happen while nothing can be written to the store; after `mend` it
/// has them all. Gives why it failed before.
async fn lags_and_catches_up(store: Store, mend: impl FnOnce()) -> String {
    let folder = tempfile::tempdir().unwrap();
    let journal = Journal::open(&folder.path().join("journal"), DAY).unwrap();
    let quiet = watch::channel(Load::Normal).1;
    let projector = Projector::start(store, journal.clone(), quiet).unwrap();
    let mut projection = projector.projection();
    let mut seq = 0;
    for step in rehearsal::steps(5).unwrap() {
        seq = journal.append(step);
    }
    within(journal.kept(seq)).await.unwrap();
    within(projection.wait_for(|state| state.failing.is_some()))
        .await
        .unwrap();
    let why = projection.borrow().failing.clone().unwrap();
    mend();
    within(projection.wait_for(|state| state.failing.is_none() && state.taken_over == seq))
        .await
        .unwrap();
    projector.finish(Span::seconds(5)).await;
    why
}

#[tokio::test]
async fn a_locked_store_lags_and_catches_up() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("store.db");
    let store = Store::open(&format!("sqlite://{}", place.display())).unwrap();
    store.migrate().await.unwrap();
    let mut other = SqliteConnection::establish(place.to_str().unwrap()).unwrap();
    other.batch_execute("BEGIN IMMEDIATE").unwrap();
    let unlock = || other.batch_execute("ROLLBACK").unwrap();
    let why = lags_and_catches_up(store, unlock).await;
    assert!(why.contains("locked"), "{why}");
}

#[tokio::test]
async fn a_store_on_a_full_disk_lags_and_catches_up() {
    let Some(disk) = SmallDisk::mount() else {
        return;
    };
    let store = Store::open(&format!("sqlite://{}/store.db", disk.place.display())).unwrap();
    store.migrate().await.unwrap();
    let filler = disk.fill();
    lags_and_catches_up(store, || std::fs::remove_file(filler).unwrap()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_looks_at_the_board_for_long_delays_no_decision() {
    let folder = tempfile::tempdir().unwrap();
    let journal = Journal::open(&folder.path().join("journal"), DAY).unwrap();
    let steps = rehearsal::steps(20).unwrap();
    let Some(Event::Configured { centre }) = steps
        .iter()
        .map(|step| &step.event)
        .find(|event| matches!(event, Event::Configured { .. }))
    else {
        panic!("a run begins with its configuration");
    };
    let board = Arc::new(RwLock::new(Board::new(centre)));
    let (changed, mut changes) = watch::channel(0);
    let (feed, keeper) = BoardKeeper::new(Arc::clone(&board), changed, journal.clone());
    #[expect(clippy::disallowed_methods, reason = "it ends with its feed")]
    let keeper = tokio::spawn(keeper.run());

    // Somebody reads and does not let go, while more happens than may wait.
    let (hold, held) = std::sync::mpsc::channel::<()>();
    let (reading, is_reading) = std::sync::mpsc::channel();
    let looked_at = Arc::clone(&board);
    #[expect(clippy::disallowed_methods, reason = "it ends with the test")]
    let reader = std::thread::spawn(move || {
        let board = looked_at.read().unwrap();
        reading.send(()).unwrap();
        // Ends when the other end is dropped.
        held.recv().unwrap_err();
        drop(board);
    });
    is_reading.recv().unwrap();
    let steps: Vec<Arc<Step>> = steps.into_iter().map(Arc::new).collect();
    let times = STEP_QUEUE / steps.len() + 2;
    for _ in 0..times {
        for step in &steps {
            feed.show(journal.append(Arc::clone(step)), step);
        }
    }
    within(journal.flush()).await.unwrap();
    drop(hold);
    reader.join().unwrap();
    drop(feed);
    within(keeper).await.unwrap();
    within(changes.changed()).await.ok();
    let calls = board.read().unwrap().calls();
    assert!(calls.is_empty(), "every call has ended: {calls:?}");
}

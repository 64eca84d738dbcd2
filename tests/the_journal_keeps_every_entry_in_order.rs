//! The journal: durable, numbered, read back as written, honest about a disk
//! that fails.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "support/tap.rs"]
#[expect(clippy::allow_attributes, reason = "see the next line")]
#[allow(
    dead_code,
    reason = "every test crate uses its own part of this module"
)]
mod tap;

use std::path::{Path, PathBuf};
use std::time::Duration;
use switchyard::engine::command::Command;
use switchyard::engine::event::{AgentRequest, Event};
use switchyard::engine::fact::Fact;
use switchyard::engine::id::{AgentId, CallId, ChannelId, CommandId, SwitchId};
use switchyard::engine::text::OutsideText;
use switchyard::engine::time::{Span, Timestamp};
use switchyard::store::journal::{Item, Journal, JournalError, MAX_WAITING, Reader, Step};
use switchyard::switch::{SwitchCommand, SwitchOrder};
use tap::{Flow, Tap};

const DAY: Span = Span::seconds(86_400);

fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(1_780_000_000_000 + millis)
}

fn event() -> Event {
    Event::Agent {
        agent: AgentId::new("wang").unwrap(),
        request: AgentRequest::NotReady {
            reason: OutsideText::new("吃饭 'lunch'"),
        },
    }
}

fn commands(id: u64) -> Vec<Command> {
    vec![
        Command::Switch(SwitchOrder {
            id: CommandId(id),
            call: "01JZZZZZZZZZZZZZZZZZZZZZZZ".parse::<CallId>().unwrap(),
            switch: SwitchId::new("fs1").unwrap(),
            command: SwitchCommand::Answer {
                channel: ChannelId::new("c1").unwrap(),
            },
        }),
        Command::Note(Fact::LinkChanged {
            switch: SwitchId::new("fs1").unwrap(),
            up: true,
            why: OutsideText::default(),
        }),
    ]
}

async fn within<T>(wait: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(30), wait)
        .await
        .expect("it happens within 30 s")
}

fn numbers(path: &Path) -> Vec<u64> {
    let mut reader = Reader::open(path).unwrap();
    reader
        .after(0, 10_000)
        .unwrap()
        .iter()
        .map(|record| record.seq)
        .collect()
}

#[tokio::test]
async fn what_was_appended_is_read_back_and_goes_on_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal");
    let journal = Journal::open(&path, DAY).unwrap();
    let id = journal.id().to_owned();
    for n in 1..=3 {
        assert_eq!(
            journal.append(Step::new(at(n), event(), commands(n as u64 * 10))),
            n as u64
        );
    }
    within(journal.kept(3)).await.unwrap();
    assert_eq!(*journal.durable().borrow(), 3);
    within(journal.close()).await;

    let journal = Journal::open(&path, DAY).unwrap();
    assert_eq!(journal.id(), id);
    assert_eq!(journal.last_command(), CommandId(30));
    assert_eq!(journal.append(Step::new(at(4), Event::Due, Vec::new())), 4);
    within(journal.flush()).await.unwrap();
    assert_eq!(journal.last_command(), CommandId(30));

    let mut reader = journal.reader().unwrap();
    assert_eq!(reader.id(), id);
    let entries: Vec<_> = reader
        .after(2, 10)
        .unwrap()
        .iter()
        .map(|record| record.entry().unwrap())
        .collect();
    assert_eq!(entries.len(), 2);
    assert_eq!((entries[0].seq, entries[0].at), (3, at(3)));
    assert_eq!(
        (&entries[0].event, &entries[0].commands),
        (&event(), &commands(30))
    );
    assert_eq!(
        (&entries[1].event, entries[1].commands.len()),
        (&Event::Due, 0)
    );
}

#[tokio::test]
async fn a_burst_is_kept_whole() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal");
    let journal = Journal::open(&path, DAY).unwrap();
    for n in 1..=5_000 {
        journal.append(Step::new(at(n), event(), commands(1)));
    }
    within(journal.flush()).await.unwrap();
    assert_eq!(numbers(&path), (1..=5_000).collect::<Vec<_>>());
    assert_eq!(journal.health().borrow().lost, 0);
}

#[tokio::test]
async fn a_disk_that_fails_raises_the_alarm_and_loses_nothing_when_it_comes_back() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal");
    let tap = Tap::default();
    let journal = Journal::open_on(&path, DAY, tap.between()).unwrap();
    let mut health = journal.health();
    tap.turn(Flow::Fails);

    let seq = journal.append(Step::new(at(1), event(), Vec::new()));
    let refused = within(journal.kept(seq)).await;
    assert!(matches!(refused, Err(JournalError::Failing { .. })));
    assert!(health.borrow_and_update().failing.is_some());
    let seq = journal.append(Step::new(at(2), event(), Vec::new()));

    tap.turn(Flow::Free);
    within(health.wait_for(|health| health.failing.is_none()))
        .await
        .unwrap();
    within(journal.kept(seq)).await.unwrap();
    assert_eq!(numbers(&path), [1, 2]);
    assert_eq!(journal.health().borrow().lost, 0);
}

#[tokio::test]
async fn what_could_not_be_kept_is_named_in_health_and_in_the_journal() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal");
    let tap = Tap::default();
    let journal = Journal::open_on(&path, DAY, tap.between()).unwrap();
    journal.append(Step::new(at(1), event(), commands(1)));
    within(journal.flush()).await.unwrap();

    tap.turn(Flow::Fails);
    let mut health = journal.health();
    journal.append(Step::new(at(2), event(), commands(2)));
    within(health.wait_for(|health| health.failing.is_some()))
        .await
        .unwrap();
    // One is in the writer's hand, as many as may wait fill the queue.
    let kept = 2 + MAX_WAITING as u64;
    for n in 3..=kept + 3 {
        journal.append(Step::new(at(n.cast_signed()), Event::Due, commands(n)));
    }
    let named = health.borrow_and_update().clone();
    assert_eq!((named.lost, named.gaps.len()), (3, 1));
    let gap = &named.gaps[0];
    assert_eq!((gap.first.seq, gap.last.seq), (kept + 1, kept + 3));
    assert_eq!(gap.first.at, at((kept + 1).cast_signed()));
    assert_eq!((gap.entries, gap.more_calls), (3, false));
    assert_eq!(gap.calls.len(), 1);

    tap.turn(Flow::Free);
    let mut durable = journal.durable();
    within(durable.wait_for(|durable| *durable >= kept))
        .await
        .unwrap();
    let next = journal.append(Step::new(at(1_000_000), Event::Due, Vec::new()));
    assert_eq!(next, kept + 4);
    within(journal.kept(next)).await.unwrap();
    within(journal.close()).await;

    let mut reader = Reader::open(&path).unwrap();
    let (mut entries, mut lost) = (0, Vec::new());
    while let Some(item) = reader.read().unwrap() {
        match item {
            Item::Entry(_) => entries += 1,
            Item::Lost(gap) => lost.push(gap),
            Item::Damage { why, .. } => panic!("{why}"),
        }
    }
    assert_eq!(entries, kept + 1);
    assert_eq!(lost, named.gaps);
    let journal = Journal::open(&path, DAY).unwrap();
    assert_eq!(
        journal.append(Step::new(at(1_000_001), Event::Due, Vec::new())),
        kept + 5
    );
}

#[tokio::test]
async fn a_torn_end_and_a_damaged_line_cost_nothing_but_themselves() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal");
    let journal = Journal::open(&path, DAY).unwrap();
    for n in 1..=4 {
        journal.append(Step::new(at(n), event(), commands(n as u64)));
    }
    within(journal.flush()).await.unwrap();
    within(journal.close()).await;
    let segment = segments(&path).remove(0);
    let whole = std::fs::read(&segment).unwrap();
    let mut torn = whole.clone();
    let third = whole
        .windows(8)
        .position(|part| part == b"entry\t3\t")
        .unwrap();
    torn[third + 60] ^= 4;
    torn.truncate(whole.len() - 7);
    std::fs::write(&segment, torn).unwrap();

    assert_eq!(numbers(&path), [1, 2]);
    let journal = Journal::open(&path, DAY).unwrap();
    // Number 3 was given, and what came after it might have been.
    let seq = journal.append(Step::new(at(5), event(), commands(5)));
    within(journal.kept(seq)).await.unwrap();
    assert_eq!(numbers(&path), [1, 2, seq]);
    let mut reader = Reader::open(&path).unwrap();
    let mut items = Vec::new();
    while let Some(item) = reader.read().unwrap() {
        items.push(item);
    }
    assert!(matches!(items[2], Item::Damage { .. }), "{items:?}");
    assert_eq!(items.len(), 4);
}

#[tokio::test]
async fn a_reader_follows_a_writer_from_segment_to_segment() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal");
    let journal = Journal::open(&path, DAY).unwrap();
    let mut reader = journal.reader().unwrap();
    let mut seen = Vec::new();
    for day in 0..5 {
        for n in 0..3 {
            journal.append(Step::new(at(day * 86_400_000 + n), Event::Due, Vec::new()));
        }
        within(journal.flush()).await.unwrap();
        let last = seen.last().copied().unwrap_or(0);
        seen.extend(
            reader
                .after(last, 100)
                .unwrap()
                .iter()
                .map(|record| record.seq),
        );
    }
    assert_eq!(seen, (1..=15).collect::<Vec<_>>());
    assert_eq!(segments(&path).len(), 5);
    // Back to where a transaction failed.
    let again = reader.after(7, 2).unwrap();
    assert_eq!(
        again.iter().map(|record| record.seq).collect::<Vec<_>>(),
        [8, 9]
    );
}

#[tokio::test]
async fn two_controllers_cannot_write_one_journal() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal");
    let first = Journal::open(&path, DAY).unwrap();
    assert!(matches!(
        Journal::open(&path, DAY),
        Err(JournalError::InUse { .. })
    ));
    within(first.close()).await;
    Journal::open(&path, DAY).unwrap();
}

#[tokio::test]
async fn old_entries_go_only_when_the_store_has_them_and_a_checkpoint_stands_for_them() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal");
    let days = |n: i64| at(n * 86_400_000);
    let journal = Journal::open(&path, DAY).unwrap();
    for n in 0..4 {
        journal.append(Step::new(days(n), event(), Vec::new()));
        within(journal.flush()).await.unwrap();
    }
    journal.taken_over(2);
    journal.append(Step::new(days(10), event(), Vec::new()));
    within(journal.flush()).await.unwrap();
    // Closing makes the first checkpoint.
    within(journal.close()).await;
    assert_eq!(numbers(&path), [1, 2, 3, 4, 5]);

    let journal = Journal::open(&path, DAY).unwrap();
    journal.taken_over(2);
    journal.append(Step::new(days(10), event(), Vec::new()));
    within(journal.close()).await;
    assert_eq!(numbers(&path), [3, 4, 5, 6]);
    let journal = Journal::open(&path, DAY).unwrap();
    assert_eq!(journal.recall().unwrap().seq, 6);
}

#[tokio::test]
async fn a_run_that_is_killed_young_leaves_no_more_to_read_for_the_next() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal");
    let killed = Journal::open(&path, DAY).unwrap();
    for n in 0..1_500 {
        killed.append(Step::new(at(n), event(), Vec::new()));
    }
    within(killed.flush()).await.unwrap();
    // What a killed process leaves: everything durable, and no checkpoint.
    let left = folder.path().join("left");
    std::fs::create_dir(&left).unwrap();
    for file in path.read_dir().unwrap() {
        let file = file.unwrap().path();
        std::fs::copy(&file, left.join(file.file_name().unwrap())).unwrap();
    }
    assert_eq!(Reader::open(&left).unwrap().checkpoint().unwrap(), None);
    let _next = Journal::open(&left, DAY).unwrap();
    let mut look = tokio::time::interval(Duration::from_millis(20));
    let checkpoint = within(async {
        loop {
            look.tick().await;
            if let Some(made) = Reader::open(&left).unwrap().checkpoint().unwrap() {
                return made;
            }
        }
    });
    assert_eq!(checkpoint.await.seq, 1_500);
}

#[test]
fn a_wrong_path_is_explained_and_nothing_is_created() {
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("missing/journal");
    assert!(matches!(
        Journal::open(&missing, DAY),
        Err(JournalError::NoFolder { .. })
    ));
    assert!(matches!(
        Reader::open(&folder.path().join("none")),
        Err(JournalError::Missing { .. })
    ));
    assert_eq!(folder.path().read_dir().unwrap().count(), 0);

    let letter = folder.path().join("letter.txt");
    std::fs::write(&letter, "Dear Sir or Madam").unwrap();
    let error = Journal::open(&letter, DAY).map(|_| ()).unwrap_err();
    assert!(error.to_string().contains("letter.txt"), "{error}");
    let error = Journal::open(folder.path(), DAY).map(|_| ()).unwrap_err();
    assert!(matches!(error, JournalError::NoJournal { .. }), "{error}");
    assert_eq!(std::fs::read(&letter).unwrap().len(), 17);
}

/// The segments of a journal, in order.
fn segments(path: &Path) -> Vec<PathBuf> {
    let files = path.read_dir().unwrap().map(|file| file.unwrap().path());
    let mut segments: Vec<_> = files
        .filter(|file| file.extension().is_some_and(|kind| kind == "log"))
        .collect();
    segments.sort();
    segments
}

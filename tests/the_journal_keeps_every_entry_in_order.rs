//! The journal: durable, numbered, read back as written, honest about a disk
//! that fails.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use diesel::connection::SimpleConnection;
use diesel::{Connection, SqliteConnection};
use std::path::Path;
use std::time::Duration;
use switchyard::engine::command::Command;
use switchyard::engine::event::{AgentRequest, Event};
use switchyard::engine::fact::Fact;
use switchyard::engine::id::{AgentId, CallId, ChannelId, CommandId, SwitchId};
use switchyard::engine::text::OutsideText;
use switchyard::engine::time::{Span, Timestamp};
use switchyard::store::journal::{Journal, JournalError, Reader};
use switchyard::switch::{SwitchCommand, SwitchOrder};

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
    let path = folder.path().join("journal.db");
    let journal = Journal::open(&path, DAY).unwrap();
    let id = journal.id().to_owned();
    for n in 1..=3 {
        assert_eq!(
            journal.append(at(n), &event(), &commands(n as u64 * 10)),
            n as u64
        );
    }
    within(journal.kept(3)).await.unwrap();
    assert_eq!(*journal.durable().borrow(), 3);
    within(journal.close()).await;

    let journal = Journal::open(&path, DAY).unwrap();
    assert_eq!(journal.id(), id);
    assert_eq!(journal.last_command(), CommandId(30));
    assert_eq!(journal.append(at(4), &Event::Due, &[]), 4);
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
    let path = folder.path().join("journal.db");
    let journal = Journal::open(&path, DAY).unwrap();
    for n in 1..=5_000 {
        journal.append(at(n), &event(), &commands(1));
    }
    within(journal.flush()).await.unwrap();
    assert_eq!(numbers(&path), (1..=5_000).collect::<Vec<_>>());
    assert_eq!(journal.health().borrow().lost, 0);
}

#[tokio::test]
async fn a_disk_that_fails_raises_the_alarm_and_loses_nothing_when_it_comes_back() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.db");
    let journal = Journal::open(&path, DAY).unwrap();
    let mut health = journal.health();
    let mut other = SqliteConnection::establish(path.to_str().unwrap()).unwrap();
    other.batch_execute("BEGIN IMMEDIATE").unwrap();

    let seq = journal.append(at(1), &event(), &[]);
    let refused = within(journal.kept(seq)).await;
    assert!(matches!(refused, Err(JournalError::Failing { .. })));
    assert!(health.borrow_and_update().failing.is_some());
    let seq = journal.append(at(2), &event(), &[]);

    other.batch_execute("ROLLBACK").unwrap();
    within(health.wait_for(|health| health.failing.is_none()))
        .await
        .unwrap();
    within(journal.kept(seq)).await.unwrap();
    assert_eq!(numbers(&path), [1, 2]);
    assert_eq!(journal.health().borrow().lost, 0);
}

#[tokio::test]
async fn two_controllers_cannot_write_one_journal() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.db");
    let first = Journal::open(&path, DAY).unwrap();
    assert!(matches!(
        Journal::open(&path, DAY),
        Err(JournalError::InUse { .. })
    ));
    within(first.close()).await;
    Journal::open(&path, DAY).unwrap();
}

#[tokio::test]
async fn old_entries_go_only_when_the_store_has_them() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.db");
    let journal = Journal::open(&path, DAY).unwrap();
    let days = |n: i64| at(n * 86_400_000);
    for n in 0..4 {
        journal.append(days(n), &event(), &[]);
        within(journal.flush()).await.unwrap();
    }
    assert_eq!(numbers(&path), [1, 2, 3, 4]);
    journal.taken_over(2);
    journal.append(days(10), &event(), &[]);
    // The removal follows the commit it came with, and the next commit follows it.
    journal.append(days(10), &event(), &[]);
    within(journal.flush()).await.unwrap();
    journal.append(days(10), &event(), &[]);
    within(journal.close()).await;
    assert_eq!(numbers(&path), [3, 4, 5, 6, 7]);
}

#[test]
fn a_wrong_path_is_explained_and_nothing_is_created() {
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("missing/journal.db");
    assert!(matches!(
        Journal::open(&missing, DAY),
        Err(JournalError::NoFolder { .. })
    ));
    assert!(matches!(
        Journal::open(folder.path(), DAY),
        Err(JournalError::IsFolder { .. })
    ));
    assert!(matches!(
        Reader::open(&folder.path().join("none.db")),
        Err(JournalError::NoFile { .. })
    ));
    assert_eq!(folder.path().read_dir().unwrap().count(), 0);

    let other = folder.path().join("letter.txt");
    std::fs::write(&other, "Dear Sir or Madam, this is no database at all.").unwrap();
    let error = Journal::open(&other, DAY).map(|_| ()).unwrap_err();
    assert!(error.to_string().contains("letter.txt"), "{error}");
    assert_eq!(std::fs::read(&other).unwrap().len(), 46);
}

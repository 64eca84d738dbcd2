//! From the engine's facts through the journal into the tables, and out again;
//! the same on both databases, and the same however often it is replayed.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "support/facts.rs"]
mod facts;
#[path = "support/stores.rs"]
mod stores;

use diesel::RunQueryDsl;
use diesel::query_dsl::methods::SelectDsl;
use facts::{DAY, append_a_day, at, call, note};
use std::time::Duration;
use stores::TestStore;
use switchyard::engine::Engine;
use switchyard::engine::call::CallState;
use switchyard::engine::command::{Command, Commands};
use switchyard::engine::event::Event;
use switchyard::engine::fact::Fact;
use switchyard::engine::id::{AgentId, CommandId, MessageId, QueueId};
use switchyard::engine::message::{CalledBack, Message, MessageState};
use switchyard::engine::request::Principal;
use switchyard::engine::text::OutsideText;
use switchyard::engine::time::Span;
use switchyard::runtime::load::Load;
use switchyard::store::calls::{self, CallFilter};
use switchyard::store::journal::Journal;
use switchyard::store::projector::{Projection, Projector, catch_up, start_over};
use switchyard::store::{Store, messages, recall, schema};
use tokio::sync::watch;
use ulid::Ulid;

async fn journal_in(folder: &tempfile::TempDir) -> Journal {
    let journal = Journal::open(&folder.path().join("journal"), DAY).unwrap();
    append_a_day(&journal);
    journal.flush().await.unwrap();
    journal
}

/// Everything the store can be asked, and how many rows each table has.
async fn contents(store: &Store) -> String {
    macro_rules! count {
        ($($table:ident),*) => {
            store.read(|conn| {
                Ok([$((
                    stringify!($table),
                    schema::$table::table.select(diesel::dsl::count_star()).first::<i64>(conn)?,
                )),*])
            }).await.unwrap()
        };
    }
    let rows = count!(
        calls,
        call_states,
        legs,
        leg_states,
        digits,
        block_visits,
        queue_visits,
        offers,
        decisions,
        recordings,
        agents,
        agent_states,
        queue_states,
        link_history,
        command_failures,
        projections
    );
    let rows: Vec<String> = rows
        .iter()
        .map(|(table, count)| format!("{table}: {count}"))
        .collect();
    let mut queues = store
        .read(|conn| {
            use schema::queue_states::{queue, since, waiting};
            Ok(schema::queue_states::table
                .select((queue, waiting, since))
                .load::<(String, i64, i64)>(conn)?)
        })
        .await
        .unwrap();
    queues.sort();
    let mut details = Vec::new();
    for summary in calls::list(store, CallFilter::default())
        .await
        .unwrap()
        .calls
    {
        let detail = calls::show(store, summary.call.parse().unwrap())
            .await
            .unwrap()
            .unwrap();
        details.push(serde_json::to_string_pretty(&detail).unwrap());
    }
    format!(
        "{}\n\nqueues: {queues:?}\n\n{}",
        rows.join("\n"),
        details.join("\n")
    )
}

#[tokio::test]
async fn replaying_the_journal_twice_gives_the_same_tables_in_both_databases() {
    for test in stores::fresh().await {
        let folder = tempfile::tempdir().unwrap();
        let journal = journal_in(&folder).await;
        catch_up(&test.store, &journal).await.unwrap();
        let once = contents(&test.store).await;
        insta::assert_snapshot!("tables_after_a_day", once);
        start_over(&test.store, &journal).await.unwrap();
        assert_eq!(contents(&test.store).await, once, "{}", test.kind);
    }
}

#[tokio::test]
async fn calls_are_found_by_state_number_queue_and_time_page_by_page() {
    for test in stores::fresh().await {
        let folder = tempfile::tempdir().unwrap();
        let journal = journal_in(&folder).await;
        catch_up(&test.store, &journal).await.unwrap();
        let found = async |filter| -> Vec<String> {
            let page = calls::list(&test.store, filter).await.unwrap();
            page.calls.into_iter().map(|summary| summary.call).collect()
        };
        let names =
            |ids: &[u64]| -> Vec<String> { ids.iter().map(|n| call(*n).to_string()).collect() };
        let all = CallFilter::default;
        assert_eq!(found(all()).await, names(&[3, 2, 1]), "{}", test.kind);
        let waiting = CallFilter {
            state: Some(CallState::Waiting),
            ..all()
        };
        assert_eq!(found(waiting).await, names(&[3]));
        let number = |part: &str| CallFilter {
            number: Some(part.to_owned()),
            ..all()
        };
        assert_eq!(found(number("13800")).await, names(&[1]));
        assert_eq!(found(number("4001")).await, names(&[3, 2, 1]));
        assert_eq!(found(number("%")).await, names(&[2]));
        assert_eq!(found(number("' OR '1'='1")).await, names(&[]));
        let queue = CallFilter {
            queue: Some(QueueId::new("sales").unwrap()),
            ..all()
        };
        assert_eq!(found(queue).await, names(&[3, 1]));
        let time = CallFilter {
            from: Some(at(60_000)),
            until: Some(at(120_000)),
            ..all()
        };
        assert_eq!(found(time).await, names(&[2]));

        let page = calls::list(
            &test.store,
            CallFilter {
                limit: Some(2),
                ..all()
            },
        )
        .await
        .unwrap();
        assert_eq!(page.next, Some(call(2).to_string()));
        let before = page.next.map(|next| next.parse().unwrap());
        let rest = calls::list(
            &test.store,
            CallFilter {
                limit: Some(2),
                before,
                ..all()
            },
        )
        .await
        .unwrap();
        assert_eq!(rest.calls.len(), 1);
        assert_eq!(rest.next, None);
        assert!(calls::show(&test.store, call(9)).await.unwrap().is_none());
    }
}

#[tokio::test]
async fn a_message_is_listed_with_who_looks_after_it_and_what_came_of_calling_back() {
    for test in stores::fresh().await {
        let folder = tempfile::tempdir().unwrap();
        let journal = journal_in(&folder).await;
        let id = MessageId::from_ulid(Ulid(7));
        let message = Message {
            id,
            mailbox: "queue:sales".parse().unwrap(),
            call: call(1),
            recording: CommandId(77),
            caller_number: Default::default(),
            caller_name: Default::default(),
            left: at(200_000),
            length_ms: 9_000,
            state: MessageState::New,
        };
        let agent = || "wang".parse::<AgentId>().unwrap();
        let assigned = Fact::MessageMoved {
            message: id,
            call: call(1),
            state: MessageState::Taken {
                by: Principal::Agent(agent()),
            },
            by: Principal::User(OutsideText::new("admin")),
            note: Default::default(),
        };
        let called = |came| Fact::MessageCalled {
            message: id,
            by: agent(),
            call: call(9),
            came,
        };
        note(&journal, 200_000, [Fact::MessageLeft { message }]);
        note(&journal, 210_000, [assigned, called(CalledBack::Dialling)]);
        note(&journal, 220_000, [called(CalledBack::Reached)]);
        journal.flush().await.unwrap();
        catch_up(&test.store, &journal).await.unwrap();
        let tenant = facts::centre().tenant;
        let found = messages::find(&test.store, &tenant, id).await.unwrap();
        let found = found.unwrap();
        assert_eq!(found.by.as_deref(), Some("wang"), "{}", test.kind);
        let called = found.called.unwrap();
        assert_eq!(
            (called.came.as_str(), called.at.ms),
            ("reached", at(220_000).as_millis())
        );
        assert_eq!(called.by.as_deref(), Some("wang"));
        assert_eq!(called.call, Some(call(9).to_string()));
    }
}

#[tokio::test]
async fn the_agent_of_a_call_is_who_served_it_and_not_who_was_asked() {
    for test in stores::fresh().await {
        let folder = tempfile::tempdir().unwrap();
        let journal = journal_in(&folder).await;
        note(&journal, 100_000, facts::talks_while_another_is_consulted());
        journal.flush().await.unwrap();
        catch_up(&test.store, &journal).await.unwrap();
        let agent = async || {
            let found = calls::show(&test.store, call(1)).await.unwrap();
            found.unwrap().call.agent
        };
        assert_eq!(agent().await.as_deref(), Some("wang"), "{}", test.kind);
        note(&journal, 110_000, [facts::handed_over_to_the_consulted()]);
        journal.flush().await.unwrap();
        catch_up(&test.store, &journal).await.unwrap();
        assert_eq!(agent().await.as_deref(), Some("li"), "{}", test.kind);
    }
}

#[tokio::test]
async fn a_new_run_remembers_live_calls_agents_and_what_was_not_filed() {
    let folder = tempfile::tempdir().unwrap();
    let journal = journal_in(&folder).await;
    let remembered = recall::recall(&journal).unwrap().remembered();
    assert_eq!(remembered.last_command, CommandId(900));
    let json = serde_json::to_string_pretty(&remembered).unwrap();
    insta::assert_snapshot!("remembered_after_a_day", json);
}

#[tokio::test]
async fn a_new_run_files_the_recordings_that_the_last_one_left() {
    let folder = tempfile::tempdir().unwrap();
    let journal = journal_in(&folder).await;
    let remembered = recall::recall(&journal).unwrap().remembered();
    let mut engine = Engine::new();
    let mut handle = |event| {
        let mut commands = Commands::default();
        engine.handle(at(300_000), event, &mut commands);
        commands.drain().collect::<Vec<_>>()
    };
    handle(Event::Started { seed: 1 });
    handle(Event::Configured {
        centre: Box::new(facts::centre()),
    });
    let orders: Vec<_> = handle(Event::Remembered { remembered })
        .into_iter()
        .filter_map(|command| match command {
            Command::File(order) => Some((order.call, order.recording)),
            _ => None,
        })
        .collect();
    assert_eq!(orders, [(call(2), CommandId(77))]);
    let told = handle(Event::RecordingLost {
        recording: CommandId(77),
        why: Default::default(),
    });
    assert!(
        matches!(told[..], [Command::Note(Fact::RecordingLost { .. })]),
        "{told:?}"
    );
}

/// A projector at work, and how it stands.
fn projecting(test: &TestStore, journal: &Journal) -> (Projector, watch::Receiver<Projection>) {
    let quiet = watch::channel(Load::Normal).1;
    let projector = Projector::start(test.store.clone(), journal.clone(), quiet).unwrap();
    let projection = projector.projection();
    (projector, projection)
}

/// Waits until it stands as `wanted`.
async fn stands(
    projection: &mut watch::Receiver<Projection>,
    wanted: impl FnMut(&Projection) -> bool,
) -> Projection {
    let limit = Duration::from_secs(60);
    let state = tokio::time::timeout(limit, projection.wait_for(wanted)).await;
    state.unwrap().unwrap().clone()
}

async fn calls_in(test: &TestStore) -> usize {
    let page = calls::list(&test.store, CallFilter::default()).await;
    page.unwrap().calls.len()
}

#[tokio::test]
async fn the_projector_catches_up_when_the_store_comes_back() {
    for test in stores::away() {
        let folder = tempfile::tempdir().unwrap();
        let journal = journal_in(&folder).await;
        let (projector, mut projection) = projecting(&test, &journal);
        let failing = stands(&mut projection, |state| state.failing.is_some()).await;
        assert_eq!(failing.lag, *journal.durable().borrow(), "{}", test.kind);

        test.come_back();
        stands(&mut projection, |state| {
            state.failing.is_none() && state.lag == 0
        })
        .await;
        assert_eq!(calls_in(&test).await, 3);

        facts::append_one_more_call(&journal);
        journal.flush().await.unwrap();
        projector.finish(Span::seconds(60)).await;
        assert_eq!(calls_in(&test).await, 4);
    }
}

#[tokio::test]
async fn a_store_that_goes_away_while_it_is_used_misses_nothing() {
    for test in stores::fresh().await {
        let folder = tempfile::tempdir().unwrap();
        let journal = journal_in(&folder).await;
        let (projector, mut projection) = projecting(&test, &journal);
        let all = *journal.durable().borrow();
        stands(&mut projection, |state| state.taken_over == all).await;
        assert_eq!(calls_in(&test).await, 3);

        let outage = test.outage();
        facts::append_one_more_call(&journal);
        journal.flush().await.unwrap();
        stands(&mut projection, |state| state.failing.is_some()).await;
        drop(outage);
        let all = *journal.durable().borrow();
        let back = stands(&mut projection, |state| state.taken_over == all).await;
        assert_eq!(back.failing, None, "{}", test.kind);
        assert_eq!(calls_in(&test).await, 4);
        projector.finish(Span::seconds(60)).await;
    }
}

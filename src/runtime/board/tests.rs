use super::*;
use crate::engine::cause::Cause;
use crate::engine::centre::Limits;
use crate::engine::fact::EndedBy;
use jiff::tz::TimeZone;

const START: i64 = 1_795_305_600_000; // 2026-11-22T00:00:00Z

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_millis(START + seconds * 1_000)
}

fn call() -> CallId {
    "01ARZ3NDEKTSV4RRFFQ69G5FAV".parse().unwrap()
}

/// A board with the queue `desk` and the agent `anna`, whose day is that of UTC.
fn board() -> Board {
    let centre = serde_json::json!({
        "tenant": "hotel", "site": "main", "switches": ["pbx"], "numbers": {}, "flows": {},
        "queues": { "desk": {
            "name": "Desk", "strategy": "longest_idle", "requires": {}, "music": "default",
            "ring": 20_000, "wrap_up": 30_000, "record": false, "max_waiting": 5, "priority": 0,
            "greeting": null,
        } },
        "agents": { "anna": {
            "name": "Anna", "extension": "1001", "switch": "pbx", "skills": {}, "queues": ["desk"],
        } },
        "limits": serde_json::to_value(Limits::default()).unwrap(),
    });
    Board::in_zone(&serde_json::from_value(centre).unwrap(), TimeZone::UTC)
}

fn waiting_call(board: &mut Board) {
    board.apply(
        at(0),
        &Fact::CallStarted {
            call: call(),
            tenant: "hotel".parse().unwrap(),
            site: "main".parse().unwrap(),
            switch: "pbx".parse().unwrap(),
            caller_number: OutsideText::new("100"),
            caller_name: OutsideText::default(),
            dialled: OutsideText::new("4001"),
        },
    );
    let queue = "desk".parse().unwrap();
    board.apply(
        at(5),
        &Fact::QueueEntered {
            call: call(),
            queue,
            priority: 0,
            entered: at(5),
        },
    );
    board.apply(
        at(5),
        &Fact::CallMoved {
            call: call(),
            state: CallState::Waiting,
        },
    );
}

fn leave(board: &mut Board, seconds: i64, reason: QueueExit) {
    let queue = "desk".parse().unwrap();
    board.apply(
        at(seconds),
        &Fact::QueueLeft {
            call: call(),
            queue,
            reason,
        },
    );
}

fn desk(board: &Board, seconds: i64) -> QueueView {
    board.queues(at(seconds)).remove(0)
}

#[test]
fn a_waiting_call_is_counted_until_it_is_answered() {
    let mut board = board();
    waiting_call(&mut board);
    let queue = desk(&board, 6);
    assert_eq!((queue.waiting, queue.offered, queue.connected), (1, 0, 0));
    assert_eq!(
        queue.longest_since,
        Some(Moment::from_millis(START + 5_000))
    );

    board.apply(
        at(7),
        &Fact::CallMoved {
            call: call(),
            state: CallState::Offered,
        },
    );
    let queue = desk(&board, 8);
    assert_eq!((queue.waiting, queue.offered, queue.connected), (1, 1, 0));

    leave(&mut board, 9, QueueExit::Answered);
    board.apply(
        at(9),
        &Fact::CallMoved {
            call: call(),
            state: CallState::Connected,
        },
    );
    let queue = desk(&board, 9);
    assert_eq!((queue.waiting, queue.offered, queue.connected), (0, 0, 1));
    assert_eq!((queue.answered_today, queue.longest_since), (1, None));
}

#[test]
fn an_ended_call_leaves_nothing_behind() {
    let mut board = board();
    waiting_call(&mut board);
    leave(&mut board, 9, QueueExit::Abandoned);
    let ended_by = EndedBy::Caller;
    board.apply(
        at(9),
        &Fact::CallEnded {
            call: call(),
            cause: Cause::NormalClearing,
            ended_by,
        },
    );
    assert_eq!(board.calls(), Vec::new());
    assert_eq!(desk(&board, 10).abandoned_today, 1);
}

#[test]
fn a_new_day_begins_with_nothing_counted() {
    let mut board = board();
    waiting_call(&mut board);
    leave(&mut board, 9, QueueExit::Abandoned);
    assert_eq!(desk(&board, 86_399).abandoned_today, 1);
    assert_eq!(desk(&board, 86_400).abandoned_today, 0);
}

#[test]
fn changed_settings_keep_what_is_live() {
    let mut board = board();
    waiting_call(&mut board);
    let queue = desk(&board, 6);
    board.configure(&Centre {
        callers: Default::default(),
        routing: Default::default(),
        tenant: "hotel".parse().unwrap(),
        site: "main".parse().unwrap(),
        switches: Vec::new(),
        outbound: Vec::new(),
        pools: BTreeMap::new(),
        numbers: BTreeMap::new(),
        flows: BTreeMap::new(),
        queues: BTreeMap::new(),
        agents: BTreeMap::new(),
        calendars: Default::default(),
        limits: Limits::default(),
        groups: BTreeMap::new(),
        in_call: Default::default(),
        not_ready_reasons: Default::default(),
        missed_offers: Default::default(),
        voicemail: Default::default(),
        sites: Default::default(),
    });
    assert_eq!(
        (
            queue.waiting,
            board.queues(at(6)).len(),
            board.calls().len()
        ),
        (1, 1, 1)
    );
    board.apply(
        at(7),
        &Fact::CallEnded {
            call: call(),
            cause: Cause::NormalClearing,
            ended_by: EndedBy::Caller,
        },
    );
    assert!(
        board.queues(at(7)).is_empty(),
        "its last call has left the removed queue"
    );
}

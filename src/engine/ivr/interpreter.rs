//! Runs one call through its flow: an input moves the session, and what has to
//! be done in the world comes back as actions.

use crate::engine::calendar::Calendars;
use crate::engine::cause::Cause;
use crate::engine::condition::CallFacts;
use crate::engine::id::{BlockId, FlowId, PromptId};
use crate::engine::ivr::flow::{Block, Flow, MenuKey, QueueList, VoicemailBlock};
use crate::engine::time::{Span, Timestamp};
use crate::switch::Key;

/// Where a call is in its flow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    pub flow: FlowId,
    pub block: BlockId,
    /// How often the present menu has been played.
    attempts: u32,
}

/// What moves a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Input {
    /// Begin with the session's block.
    Enter,
    /// Go on with the session's block, after the controller was away.
    Resume,
    Answered,
    /// The prompts came to their end, or could not be played.
    PlaybackEnded,
    Key(Key),
    /// The time to wait for a key is over.
    TimedOut,
    /// The queue does not take the call.
    QueueFull,
    /// The caller left a message, or could not.
    MessageLeft,
}

/// What a step depends on besides the session.
#[derive(Clone, Copy, Debug)]
pub struct Surroundings<'a> {
    /// Whether the caller's leg is answered.
    pub answered: bool,
    /// Bounds the blocks run through without waiting; a flow that exceeds it
    /// ends the call with [`Cause::Congestion`].
    pub max_steps: u32,
    pub now: Timestamp,
    pub calendars: &'a Calendars,
    /// What conditions can ask of the call.
    pub facts: &'a CallFacts,
}

/// What a session wants done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    Answer,
    Play(Vec<PromptId>),
    Silence,
    /// Give the caller this long to press a key.
    AwaitKey(Span),
    Queue(QueueList),
    TakeMessage(VoicemailBlock),
    Refuse(Cause),
    HangUp(Cause),
}

/// What came of an input: the blocks entered, in order, and the actions.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Moves {
    pub entered: Vec<BlockId>,
    /// How often the present menu has been played, when it is played once more.
    pub repeated: Option<u32>,
    pub actions: Vec<Action>,
}

impl Session {
    /// A session that stands before `block`; give it [`Input::Enter`] to begin.
    pub fn at(flow: FlowId, block: BlockId) -> Self {
        Self {
            flow,
            block,
            attempts: 0,
        }
    }

    /// A session that stands in `block`, which was played `attempts` times;
    /// give it [`Input::Resume`] to go on.
    pub fn again(flow: FlowId, block: BlockId, attempts: u32) -> Self {
        Self {
            flow,
            block,
            attempts,
        }
    }

    /// Moves the session by one input, in the given [`Surroundings`].
    pub fn step(&mut self, flow: &Flow, input: Input, around: &Surroundings<'_>) -> Moves {
        let answered = Surroundings {
            answered: true,
            ..*around
        };
        let mut moves = Moves::default();
        let Some(block) = flow.blocks.get(&self.block) else {
            // The flow was replaced under a live call and the block is gone.
            moves.actions.push(Action::HangUp(Cause::Congestion));
            return moves;
        };
        match (block, input) {
            (_, Input::Enter) => self.enter(flow, self.block.clone(), around, &mut moves),
            (Block::Play { prompts, .. } | Block::Menu { prompts, .. }, Input::Resume) => {
                moves.actions.push(Action::Play(prompts.clone()));
            }
            (Block::Answer { .. }, Input::Resume) if !around.answered => {
                moves.actions.push(Action::Answer);
            }
            (Block::Answer { next }, Input::Resume) => {
                self.enter(flow, next.clone(), &answered, &mut moves);
            }
            (Block::Queue { queue, .. }, Input::Resume) => {
                moves.actions.push(Action::Queue(queue.clone()));
            }
            (Block::Voicemail(asked), Input::Resume) => {
                moves.actions.push(Action::TakeMessage(asked.clone()));
            }
            // It never stays here; a call that was found here goes by what holds now.
            (Block::Hours { .. } | Block::If { .. }, Input::Resume) => {
                self.enter(flow, self.block.clone(), around, &mut moves);
            }
            (Block::Busy, Input::Resume) => moves.actions.push(Action::Refuse(Cause::UserBusy)),
            (Block::HangUp { cause }, Input::Resume) => {
                moves.actions.push(Action::HangUp(*cause));
            }
            (Block::Answer { next }, Input::Answered)
            | (Block::Play { next, .. }, Input::PlaybackEnded)
            | (Block::Voicemail(VoicemailBlock { next, .. }), Input::MessageLeft) => {
                self.enter(flow, next.clone(), &answered, &mut moves);
            }
            (Block::Menu { timeout_s, .. }, Input::PlaybackEnded) => {
                moves
                    .actions
                    .push(Action::AwaitKey(Span::seconds(*timeout_s)));
            }
            (Block::Menu { choices, .. }, Input::Key(key)) => {
                moves.actions.push(Action::Silence);
                match choices.get(&MenuKey(key)) {
                    Some(next) => self.enter(flow, next.clone(), &answered, &mut moves),
                    None => self.menu_again(flow, &answered, &mut moves),
                }
            }
            (Block::Menu { .. }, Input::TimedOut) => self.menu_again(flow, &answered, &mut moves),
            (Block::Queue { full, .. }, Input::QueueFull) => match full {
                Some(next) => self.enter(flow, next.clone(), &answered, &mut moves),
                None => moves.actions.push(Action::HangUp(Cause::Congestion)),
            },
            // A key during a prompt that takes none, or an answer already known.
            _ => {}
        }
        moves
    }

    fn menu_again(&mut self, flow: &Flow, around: &Surroundings<'_>, moves: &mut Moves) {
        let Some(Block::Menu {
            prompts,
            attempts,
            otherwise,
            ..
        }) = flow.blocks.get(&self.block)
        else {
            return;
        };
        if self.attempts < *attempts {
            self.attempts += 1;
            moves.repeated = Some(self.attempts);
            moves.actions.push(Action::Play(prompts.clone()));
        } else {
            self.enter(flow, otherwise.clone(), around, moves);
        }
    }

    fn enter(&mut self, flow: &Flow, first: BlockId, around: &Surroundings<'_>, moves: &mut Moves) {
        let mut next = first;
        for _ in 0..around.max_steps {
            self.block = next.clone();
            self.attempts = 0;
            moves.entered.push(next.clone());
            let action = match flow.blocks.get(&next) {
                Some(Block::Answer { next: after }) if around.answered => {
                    next = after.clone();
                    continue;
                }
                Some(Block::Answer { .. }) => Action::Answer,
                Some(Block::Play { prompts, .. }) => Action::Play(prompts.clone()),
                Some(Block::Menu { prompts, .. }) => {
                    self.attempts = 1;
                    Action::Play(prompts.clone())
                }
                Some(Block::Queue { queue, .. }) => Action::Queue(queue.clone()),
                Some(Block::Hours {
                    calendar,
                    open,
                    closed,
                }) => {
                    let is_open = around.calendars.is_open(calendar, around.now);
                    next = if is_open { open } else { closed }.clone();
                    continue;
                }
                Some(Block::If {
                    condition,
                    then,
                    otherwise,
                }) => {
                    let holds = condition.holds_of(around.facts);
                    next = if holds { then } else { otherwise }.clone();
                    continue;
                }
                Some(Block::Busy) => Action::Refuse(Cause::UserBusy),
                Some(Block::HangUp { cause }) => Action::HangUp(*cause),
                Some(Block::Voicemail(asked)) => Action::TakeMessage(asked.clone()),
                None => Action::HangUp(Cause::Congestion),
            };
            moves.actions.push(action);
            return;
        }
        moves.actions.push(Action::HangUp(Cause::Congestion));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::calendar::{Opening, Openings};
    use crate::engine::condition::CallFact;
    use crate::engine::id::{CalendarId, QueueId};

    fn id(text: &str) -> BlockId {
        BlockId::new(text).unwrap()
    }

    fn flow() -> Flow {
        serde_json::from_str(
            r#"{"name":"desk","start":"in","blocks":{
                "in":{"kind":"answer","next":"menu"},
                "menu":{"kind":"menu","prompts":["menu"],"choices":{"1":"desk"},"attempts":2,"otherwise":"bye"},
                "desk":{"kind":"queue","queue":"desk","full":"bye"},
                "bye":{"kind":"hang_up"}}}"#,
        )
        .unwrap()
    }

    fn session() -> Session {
        Session::at(FlowId::new("desk").unwrap(), id("in"))
    }

    const NOON: Timestamp = Timestamp::from_millis(12 * 3_600_000);

    fn step(session: &mut Session, flow: &Flow, input: Input, answered: bool) -> Moves {
        let morning = Opening {
            opens: Timestamp::from_millis(8 * 3_600_000),
            closes: NOON,
        };
        let evening = Opening {
            opens: NOON,
            closes: Timestamp::from_millis(20 * 3_600_000),
        };
        let calendar = |name: &str, opening| {
            let id = CalendarId::new(name).unwrap();
            (id, Openings::new(vec![opening]))
        };
        let calendars = [calendar("mornings", morning), calendar("evenings", evening)];
        let around = Surroundings {
            answered,
            max_steps: 9,
            now: NOON,
            calendars: &calendars.into_iter().collect(),
            facts: &CallFacts::from([("vip".to_owned(), CallFact::Flag(true))]),
        };
        session.step(flow, input, &around)
    }

    fn key(c: char) -> Input {
        Input::Key(Key::try_from(c).unwrap())
    }

    #[test]
    fn a_key_leads_to_its_queue() {
        let (flow, mut session) = (flow(), session());
        assert_eq!(
            step(&mut session, &flow, Input::Enter, false).actions,
            [Action::Answer]
        );
        let menu = vec![PromptId::new("menu").unwrap()];
        assert_eq!(
            step(&mut session, &flow, Input::Answered, true).actions,
            [Action::Play(menu)]
        );
        assert_eq!(
            step(&mut session, &flow, key('1'), true).actions,
            [
                Action::Silence,
                Action::Queue(QueueList::one(QueueId::new("desk").unwrap()))
            ]
        );
        assert_eq!(session.block, id("desk"));
    }

    #[test]
    fn wrong_keys_and_silence_use_up_the_attempts() {
        let (flow, mut session) = (flow(), session());
        step(&mut session, &flow, Input::Enter, true);
        assert!(matches!(
            step(&mut session, &flow, key('9'), true).actions[..],
            [Action::Silence, Action::Play(_)]
        ));
        assert_eq!(
            step(&mut session, &flow, Input::PlaybackEnded, true).actions,
            [Action::AwaitKey(Span::seconds(5))]
        );
        assert_eq!(
            step(&mut session, &flow, Input::TimedOut, true).actions,
            [Action::HangUp(Cause::NormalClearing)]
        );
    }

    #[test]
    fn a_full_queue_leads_to_its_edge() {
        let (flow, mut session) = (flow(), session());
        step(&mut session, &flow, Input::Enter, true);
        step(&mut session, &flow, key('1'), true);
        assert_eq!(
            step(&mut session, &flow, Input::QueueFull, true).entered,
            [id("bye")]
        );
    }

    #[test]
    fn a_flow_that_never_waits_is_cut_off() {
        let looping: Flow = serde_json::from_str(
            r#"{"name":"x","start":"a","blocks":{"a":{"kind":"answer","next":"b"},"b":{"kind":"answer","next":"a"}}}"#,
        )
        .unwrap();
        let mut session = Session::at(FlowId::new("x").unwrap(), id("a"));
        let moves = step(&mut session, &looping, Input::Enter, true);
        assert_eq!(moves.actions, [Action::HangUp(Cause::Congestion)]);
        assert_eq!(moves.entered.len(), 9);
    }

    #[test]
    fn a_call_goes_on_by_what_holds_for_it() {
        let flow: Flow = serde_json::from_str(
            r#"{"name":"x","start":"in","blocks":{
                "in":{"kind":"if","condition":"call.vip","then":"known","otherwise":"bye"},
                "known":{"kind":"if","condition":"call.tier == 'gold'","then":"bye","otherwise":"busy"},
                "busy":{"kind":"busy"},
                "bye":{"kind":"hang_up"}}}"#,
        )
        .unwrap();
        for input in [Input::Enter, Input::Resume] {
            let mut session = session();
            let moves = step(&mut session, &flow, input, false);
            assert_eq!(moves.actions, [Action::Refuse(Cause::UserBusy)]);
            assert_eq!(moves.entered, ["in", "known", "busy"].map(id));
        }
    }

    #[test]
    fn hours_lead_on_at_once_by_whether_their_calendar_is_open() {
        let flow: Flow = serde_json::from_str(
            r#"{"name":"x","start":"in","blocks":{
                "in":{"kind":"hours","calendar":"mornings","open":"busy","closed":"later"},
                "later":{"kind":"hours","calendar":"evenings","open":"gone","closed":"busy"},
                "gone":{"kind":"hours","calendar":"removed","open":"bye","closed":"busy"},
                "busy":{"kind":"busy"},
                "bye":{"kind":"hang_up"}}}"#,
        )
        .unwrap();
        for input in [Input::Enter, Input::Resume] {
            let mut session = session();
            let moves = step(&mut session, &flow, input, false);
            assert_eq!(moves.actions, [Action::HangUp(Cause::NormalClearing)]);
            assert_eq!(moves.entered, ["in", "later", "gone", "bye"].map(id));
        }
    }
}

//! Runs one call through its flow: an input moves the session, and what has to
//! be done in the world comes back as actions.

use crate::engine::cause::Cause;
use crate::engine::id::{BlockId, FlowId, PromptId, QueueId};
use crate::engine::ivr::flow::{Block, Flow, MenuKey};
use crate::engine::time::Span;
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
}

/// What a session wants done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    Answer,
    Play(Vec<PromptId>),
    Silence,
    /// Give the caller this long to press a key.
    AwaitKey(Span),
    Queue(QueueId),
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

    /// Moves the session by one input. `answered` is whether the caller's leg
    /// is answered; `max_steps` bounds the blocks run through without waiting,
    /// and a flow that exceeds it ends the call with [`Cause::Congestion`].
    pub fn step(&mut self, flow: &Flow, input: Input, answered: bool, max_steps: u32) -> Moves {
        let mut moves = Moves::default();
        let Some(block) = flow.blocks.get(&self.block) else {
            // The flow was replaced under a live call and the block is gone.
            moves.actions.push(Action::HangUp(Cause::Congestion));
            return moves;
        };
        match (block, input) {
            (_, Input::Enter) => {
                self.enter(flow, self.block.clone(), answered, max_steps, &mut moves)
            }
            (Block::Play { prompts, .. } | Block::Menu { prompts, .. }, Input::Resume) => {
                moves.actions.push(Action::Play(prompts.clone()));
            }
            (Block::Answer { .. }, Input::Resume) if !answered => {
                moves.actions.push(Action::Answer);
            }
            (Block::Answer { next }, Input::Resume) => {
                self.enter(flow, next.clone(), true, max_steps, &mut moves);
            }
            (Block::Queue { queue, .. }, Input::Resume) => {
                moves.actions.push(Action::Queue(queue.clone()));
            }
            (Block::Busy, Input::Resume) => moves.actions.push(Action::Refuse(Cause::UserBusy)),
            (Block::HangUp { cause }, Input::Resume) => {
                moves.actions.push(Action::HangUp(*cause));
            }
            (Block::Answer { next }, Input::Answered)
            | (Block::Play { next, .. }, Input::PlaybackEnded) => {
                self.enter(flow, next.clone(), true, max_steps, &mut moves);
            }
            (Block::Menu { timeout_s, .. }, Input::PlaybackEnded) => {
                moves
                    .actions
                    .push(Action::AwaitKey(Span::seconds(*timeout_s)));
            }
            (Block::Menu { choices, .. }, Input::Key(key)) => {
                moves.actions.push(Action::Silence);
                match choices.get(&MenuKey(key)) {
                    Some(next) => self.enter(flow, next.clone(), true, max_steps, &mut moves),
                    None => self.menu_again(flow, max_steps, &mut moves),
                }
            }
            (Block::Menu { .. }, Input::TimedOut) => self.menu_again(flow, max_steps, &mut moves),
            (Block::Queue { full, .. }, Input::QueueFull) => match full {
                Some(next) => self.enter(flow, next.clone(), true, max_steps, &mut moves),
                None => moves.actions.push(Action::HangUp(Cause::Congestion)),
            },
            // A key during a prompt that takes none, or an answer already known.
            _ => {}
        }
        moves
    }

    fn menu_again(&mut self, flow: &Flow, max_steps: u32, moves: &mut Moves) {
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
            self.enter(flow, otherwise.clone(), true, max_steps, moves);
        }
    }

    fn enter(
        &mut self,
        flow: &Flow,
        first: BlockId,
        answered: bool,
        max_steps: u32,
        moves: &mut Moves,
    ) {
        let mut next = first;
        for _ in 0..max_steps {
            self.block = next.clone();
            self.attempts = 0;
            moves.entered.push(next.clone());
            let action = match flow.blocks.get(&next) {
                Some(Block::Answer { next: after }) if answered => {
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
                Some(Block::Busy) => Action::Refuse(Cause::UserBusy),
                Some(Block::HangUp { cause }) => Action::HangUp(*cause),
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

    fn key(c: char) -> Input {
        Input::Key(Key::try_from(c).unwrap())
    }

    #[test]
    fn a_key_leads_to_its_queue() {
        let (flow, mut session) = (flow(), session());
        assert_eq!(
            session.step(&flow, Input::Enter, false, 9).actions,
            [Action::Answer]
        );
        let menu = vec![PromptId::new("menu").unwrap()];
        assert_eq!(
            session.step(&flow, Input::Answered, true, 9).actions,
            [Action::Play(menu)]
        );
        assert_eq!(
            session.step(&flow, key('1'), true, 9).actions,
            [
                Action::Silence,
                Action::Queue(QueueId::new("desk").unwrap())
            ]
        );
        assert_eq!(session.block, id("desk"));
    }

    #[test]
    fn wrong_keys_and_silence_use_up_the_attempts() {
        let (flow, mut session) = (flow(), session());
        session.step(&flow, Input::Enter, true, 9);
        assert!(matches!(
            session.step(&flow, key('9'), true, 9).actions[..],
            [Action::Silence, Action::Play(_)]
        ));
        assert_eq!(
            session.step(&flow, Input::PlaybackEnded, true, 9).actions,
            [Action::AwaitKey(Span::seconds(5))]
        );
        assert_eq!(
            session.step(&flow, Input::TimedOut, true, 9).actions,
            [Action::HangUp(Cause::NormalClearing)]
        );
    }

    #[test]
    fn a_full_queue_leads_to_its_edge() {
        let (flow, mut session) = (flow(), session());
        session.step(&flow, Input::Enter, true, 9);
        session.step(&flow, key('1'), true, 9);
        assert_eq!(
            session.step(&flow, Input::QueueFull, true, 9).entered,
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
        let moves = session.step(&looping, Input::Enter, true, 5);
        assert_eq!(moves.actions, [Action::HangUp(Cause::Congestion)]);
        assert_eq!(moves.entered.len(), 5);
    }
}

//! The handle on a running centre: what everything outside the driver may do
//! with it, which is to tell it events and to look at the board.

use crate::clock;
use crate::engine::Engine;
use crate::engine::event::{AgentRequest, Event};
use crate::engine::id::{AgentId, SwitchId};
use crate::engine::request::{Principal, Refusal, Request};
use crate::runtime::answers::Answers;
use crate::runtime::board::Board;
use crate::runtime::board::view::{AgentView, BoardView};
use crate::runtime::condition::Condition;
use crate::runtime::driver::Look;
use crate::runtime::load::Load;
use crate::switch::link::LinkState;
use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::timeout;

/// How long a request waits to see its effect before it is answered "accepted".
const EFFECT_WAIT: Duration = Duration::from_secs(2);

/// A running centre as seen from outside its driver. Cheap to clone.
#[derive(Clone)]
pub struct Handle {
    /// To the engine; bounded.
    pub events: mpsc::Sender<Event>,
    /// Written by its keeper alone.
    pub board: Arc<RwLock<Board>>,
    /// Bumped by the keeper after the board changed.
    pub changed: watch::Receiver<u64>,
    /// How the controller itself is.
    pub condition: Condition,
    /// The adapters' own view of their links.
    pub links: BTreeMap<SwitchId, watch::Receiver<LinkState>>,
    /// Taken by the driver whenever its loop comes round; bounded.
    pub looks: mpsc::Sender<Look>,
    /// Whether the controller is about to leave.
    pub draining: watch::Receiver<bool>,
    /// Those who wait for an answer of the engine.
    pub answers: Answers,
}

/// What became of an agent's request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Acknowledgement {
    /// The engine did it; the agent as now.
    Done(AgentView),
    /// The engine has it, and it will take effect later (for example after the
    /// call in progress); the agent as now.
    Accepted(AgentView),
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RequestError {
    #[error("there is no agent {0}")]
    UnknownAgent(AgentId),
    #[error("the engine is behind and takes no more requests now")]
    Overloaded,
    #[error("the engine has stopped")]
    Stopped,
    #[error("{0}")]
    Refused(Refusal),
}

impl Handle {
    /// Reads the board; readers never wait for each other.
    pub fn read<T>(&self, look: impl FnOnce(&Board) -> T) -> T {
        // A poisoned lock means that a writer panicked between two facts: the
        // board still holds whole values.
        look(&self.board.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// The whole board as of now.
    pub fn view(&self) -> BoardView {
        self.read(|board| board.view(clock::now()))
    }

    /// The switches whose link is not alive, each with what is known of it.
    pub fn dead_links(&self) -> Vec<(SwitchId, LinkState)> {
        let states = self
            .links
            .iter()
            .map(|(id, state)| (id.clone(), state.borrow().clone()));
        states
            .filter(|(_, state)| *state != LinkState::Alive)
            .collect()
    }

    /// Asks the engine between two events; none when it has ended.
    pub async fn look<T: Send + 'static>(
        &self,
        look: impl FnOnce(&Engine) -> T + Send + 'static,
    ) -> Option<T> {
        let (tell, told) = oneshot::channel();
        // Who asked may have gone on without the answer.
        let look: Look = Box::new(|engine| drop(tell.send(look(engine))));
        self.looks.send(look).await.ok()?;
        told.await.ok()
    }

    /// Waits until the driver's loop comes round; false when it has ended.
    pub async fn pulse(&self) -> bool {
        self.look(|_| ()).await.is_some()
    }

    /// Asks for a change of an agent's state, and waits a moment for it.
    ///
    /// # Errors
    /// [`RequestError`] when the agent is unknown, or the engine refuses or cannot take it.
    pub async fn ask(
        &self,
        agent: &AgentId,
        request: AgentRequest,
    ) -> Result<Acknowledgement, RequestError> {
        self.ask_by(Principal::Agent(agent.clone()), agent, request)
            .await
    }

    /// The same, asked by somebody for the agent.
    ///
    /// # Errors
    /// As [`Handle::ask`], and [`RequestError::Refused`].
    pub async fn ask_by(
        &self,
        by: Principal,
        agent: &AgentId,
        request: AgentRequest,
    ) -> Result<Acknowledgement, RequestError> {
        self.agent(agent)?;
        let mut changed = self.changed.clone();
        changed.mark_unchanged();
        let what = Request::State {
            agent: agent.clone(),
            ask: request.clone(),
        };
        self.request(by, what).await?;
        let effect = async {
            while !satisfies(&self.agent(agent)?, &request) {
                changed.changed().await.map_err(|_| RequestError::Stopped)?;
            }
            self.agent(agent)
        };
        match timeout(EFFECT_WAIT, effect).await {
            Ok(view) => view.map(Acknowledgement::Done),
            Err(_) => self.agent(agent).map(Acknowledgement::Accepted),
        }
    }

    /// Asks for something about a call or an agent, and waits for the answer.
    ///
    /// # Errors
    /// [`RequestError::Refused`] when the engine says why not;
    /// [`RequestError::Overloaded`] when it gives no answer in time.
    pub async fn request(&self, by: Principal, what: Request) -> Result<(), RequestError> {
        if self.condition.load() >= Load::Overloaded {
            metrics::counter!("switchyard_shed_total", "what" => "call_request").increment(1);
            return Err(RequestError::Overloaded);
        }
        let mut asking = self.answers.expect();
        let request = asking.request;
        let event = Event::Asked { request, by, what };
        self.events.try_send(event).map_err(not_taken)?;
        match timeout(EFFECT_WAIT, &mut asking.answer).await {
            Ok(Ok(outcome)) => outcome.map_err(RequestError::Refused),
            Ok(Err(_)) => Err(RequestError::Stopped),
            Err(_) => Err(RequestError::Overloaded),
        }
    }

    fn agent(&self, id: &AgentId) -> Result<AgentView, RequestError> {
        self.read(|board| board.agent(id, clock::now()))
            .ok_or_else(|| RequestError::UnknownAgent(id.clone()))
    }
}

fn not_taken(error: mpsc::error::TrySendError<Event>) -> RequestError {
    match error {
        mpsc::error::TrySendError::Full(_) => RequestError::Overloaded,
        mpsc::error::TrySendError::Closed(_) => RequestError::Stopped,
    }
}

/// Whether the agent is where the request wanted it. A ready agent may have
/// been given a call in the same step.
fn satisfies(agent: &AgentView, request: &AgentRequest) -> bool {
    match request {
        AgentRequest::SignIn => agent.state != "signed_out",
        AgentRequest::Ready => matches!(
            agent.state.as_str(),
            "ready" | "offered" | "on_call" | "hold" | "consult"
        ),
        AgentRequest::NotReady { reason } => agent.reason.as_deref() == Some(reason.as_str()),
        AgentRequest::SignOut => agent.state == "signed_out",
    }
}

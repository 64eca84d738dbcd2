//! Sessions: who is signed in with which cookie. The store has them; a short
//! memory in front of it spares a query per request and carries people over
//! the store's absence.

use crate::config::http::HttpConfig;
use crate::engine::id::AgentId;
use crate::engine::request::Principal;
use crate::engine::text::OutsideText;
use crate::engine::time::{Span, Timestamp};
use crate::store::sessions::{self, TokenHash};
use crate::store::users::{Role, User};
use crate::store::{Store, StoreError};
use crate::switch::Language;
use crate::web::auth::secret::Secret;
use crate::web::error::WebError;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// How long a session is believed without asking the store again.
const BELIEVED: Span = Span::seconds(10);
/// Sessions remembered; beyond it the one that was checked longest ago goes.
const REMEMBERED: usize = 10_000;

/// Who is signed in.
#[derive(Debug)]
pub struct Session {
    pub login: String,
    pub display_name: String,
    pub role: Role,
    /// The agent this person is, if any.
    pub agent: Option<AgentId>,
    pub language: Language,
    /// What every changing request must carry.
    pub csrf: String,
    pub expires: Timestamp,
}

/// The open sessions.
pub struct Sessions {
    store: Store,
    lifetime: Span,
    known: Mutex<BTreeMap<String, Known>>,
}

struct Known {
    session: Arc<Session>,
    checked: Timestamp,
}

impl Sessions {
    pub fn new(store: Store, settings: &HttpConfig) -> Self {
        Self {
            store,
            lifetime: settings.session(),
            known: Mutex::default(),
        }
    }

    /// How long a new session lasts.
    pub fn lifetime(&self) -> Span {
        self.lifetime
    }

    /// Signs a person in, and gives the cookie's value.
    ///
    /// # Errors
    /// [`WebError`] when the store does not take the session.
    pub async fn open(
        &self,
        user: &User,
        now: Timestamp,
    ) -> Result<(Secret, Arc<Session>), WebError> {
        let secret = Secret::random()?;
        let expires = now + self.lifetime;
        sessions::create(
            &self.store,
            TokenHash::of(secret.reveal()),
            user,
            now,
            expires,
        )
        .await?;
        let session = Arc::new(Session::of(user, &secret, expires));
        self.remember(&secret, &session, now);
        Ok((secret, session))
    }

    /// The session of a cookie's value, if it is open.
    ///
    /// # Errors
    /// [`WebError::Store`] when the store is away and the session not remembered.
    pub async fn find(
        &self,
        secret: &Secret,
        now: Timestamp,
    ) -> Result<Option<Arc<Session>>, WebError> {
        let remembered = self.remembered(secret, now);
        if let Some((session, checked)) = &remembered
            && now.since(*checked) < BELIEVED
        {
            return Ok(Some(Arc::clone(session)));
        }
        match sessions::find(&self.store, TokenHash::of(secret.reveal()), now).await {
            Ok(Some((kept, user))) => {
                let session = Arc::new(Session::of(&user, secret, kept.expires));
                self.remember(secret, &session, now);
                Ok(Some(session))
            }
            Ok(None) => {
                self.forget(secret);
                Ok(None)
            }
            Err(error) => without_store(remembered, error),
        }
    }

    /// Signs a session out.
    ///
    /// # Errors
    /// [`WebError::Store`] when the store does not answer.
    pub async fn close(&self, secret: &Secret) -> Result<(), WebError> {
        self.forget(secret);
        Ok(sessions::revoke(&self.store, TokenHash::of(secret.reveal())).await?)
    }

    fn remembered(&self, secret: &Secret, now: Timestamp) -> Option<(Arc<Session>, Timestamp)> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let found = known
            .get(&secret.hash())
            .filter(|known| known.session.expires > now)?;
        Some((Arc::clone(&found.session), found.checked))
    }

    fn remember(&self, secret: &Secret, session: &Arc<Session>, now: Timestamp) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= REMEMBERED {
            let oldest = known.iter().min_by_key(|(_, known)| known.checked);
            if let Some(oldest) = oldest.map(|(hash, _)| hash.clone()) {
                known.remove(&oldest);
            }
        }
        known.insert(
            secret.hash(),
            Known {
                session: Arc::clone(session),
                checked: now,
            },
        );
    }

    fn forget(&self, secret: &Secret) {
        self.known
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(&secret.hash());
    }
}

/// While the store is away, whoever was signed in stays so.
fn without_store(
    remembered: Option<(Arc<Session>, Timestamp)>,
    error: StoreError,
) -> Result<Option<Arc<Session>>, WebError> {
    match remembered {
        Some((session, _)) if error.is_away() => Ok(Some(session)),
        _ => Err(WebError::Store(error)),
    }
}

impl Session {
    fn of(user: &User, secret: &Secret, expires: Timestamp) -> Self {
        Self {
            login: user.login.clone(),
            display_name: user.display_name.clone(),
            role: user.role,
            agent: user.agent.clone(),
            language: user.language,
            csrf: secret.derived("csrf"),
            expires,
        }
    }

    /// Who asks the engine for something: the agent of the session, or its login.
    pub fn principal(&self) -> Principal {
        match &self.agent {
            Some(agent) => Principal::Agent(agent.clone()),
            None => Principal::User(OutsideText::new(&self.login)),
        }
    }
}

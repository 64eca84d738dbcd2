//! A web server's application around a real engine, without switches: what
//! happens on one is handed in by the test.

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::ConnectInfo;
use axum::http::{Method, Request, Response, StatusCode, header};
use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;
use std::sync::{Arc, RwLock};
use switchyard::clock;
use switchyard::config::http::HttpConfig;
use switchyard::engine::Engine;
use switchyard::engine::cause::Cause;
use switchyard::engine::centre::Centre;
use switchyard::engine::command::{Command, Commands};
use switchyard::engine::event::{AgentRequest, Event};
use switchyard::engine::id::SwitchId;
use switchyard::engine::text::OutsideText;
use switchyard::engine::time::Span;
use switchyard::runtime::answers::Answers;
use switchyard::runtime::board::Board;
use switchyard::runtime::condition::Condition;
use switchyard::runtime::driver::Look;
use switchyard::runtime::handle::Handle;
use switchyard::store::Store;
use switchyard::store::journal::{Journal, Step};
use switchyard::store::projector::catch_up;
use switchyard::store::users::{self, NewUser, Role};
use switchyard::switch::link::LinkState;
use switchyard::switch::{
    Arrival, ChannelState, Language, LegVariables, Outcome, Snapshot, SwitchCommand, SwitchEvent,
    SwitchOrder,
};
use switchyard::web::{Web, WebState, router};
use tokio::sync::{mpsc, watch};
use tower::ServiceExt;

pub(crate) const PASSWORD: &str = "a long enough password";

/// A running engine with a web application in front of it.
pub(crate) struct TestWeb {
    pub(crate) state: WebState,
    pub(crate) web: Web,
    pub(crate) app: Router,
    pub(crate) link: watch::Sender<LinkState>,
    journal: Arc<Journal>,
    _folder: tempfile::TempDir,
}

impl TestWeb {
    /// One switch `pbx`, the queues `booking` and `service`, the agents `chen`
    /// and `li`; the users `root`, `boss` and `chen` of the three roles.
    pub(crate) async fn start() -> Self {
        Self::start_with(centre()).await
    }

    pub(crate) async fn start_with(centre: Centre) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&format!("sqlite://{}/web.db", folder.path().display())).unwrap();
        store.migrate().await.unwrap();
        let tenant = centre.tenant.clone();
        for (login, role, agent) in [
            ("root", Role::Administrator, None),
            ("boss", Role::Supervisor, None),
            ("chen", Role::Agent, Some("chen")),
        ] {
            let new = NewUser {
                tenant: tenant.clone(),
                login: login.to_owned(),
                password_hash: password_hash().await,
                role,
                display_name: login.to_owned(),
                language: Language::Chinese,
                agent: agent.map(|agent| agent.parse().unwrap()),
            };
            users::create(&store, new, clock::now()).await.unwrap();
        }
        let journal =
            Arc::new(Journal::open(&folder.path().join("journal"), Span::seconds(3_600)).unwrap());
        let (link, watched) = watch::channel(LinkState::Alive);
        let links = BTreeMap::from([(pbx(), watched)]);
        let state = WebState {
            handle: run(centre, links, Arc::clone(&journal)).await,
            store,
            settings: HttpConfig::on(([127, 0, 0, 1], 0).into()),
            tenant,
            recordings: std::env::temp_dir(),
        };
        let web = Web::new(state.clone()).unwrap();
        let app = router::app(web.clone());
        Self {
            state,
            web,
            app,
            link,
            journal,
            _folder: folder,
        }
    }

    pub(crate) async fn happens(&self, event: SwitchEvent) {
        self.tell(Event::Switch {
            switch: pbx(),
            event,
        })
        .await;
    }

    /// Hands an event in, and waits until the board shows what it did.
    pub(crate) async fn tell(&self, event: Event) {
        let mut changed = self.state.handle.changed.clone();
        changed.mark_unchanged();
        self.state.handle.events.send(event).await.unwrap();
        changed.changed().await.unwrap();
    }

    /// A caller rings the booking line.
    pub(crate) async fn arrives(&self, channel: &str, number: &str, name: &str) {
        let arrival = Arrival {
            channel: channel.parse().unwrap(),
            state: ChannelState::Ringing,
            caller_number: OutsideText::new(number),
            caller_name: OutsideText::new(name),
            dialled: OutsideText::new("4008001234"),
            device: None,
            variables: LegVariables::default(),
        };
        self.happens(SwitchEvent::Arrived(arrival)).await;
    }

    pub(crate) async fn agent(&self, agent: &str, request: AgentRequest) {
        self.tell(Event::Agent {
            agent: agent.parse().unwrap(),
            request,
        })
        .await;
    }

    pub(crate) async fn hangs_up(&self, channel: &str) {
        let channel = channel.parse().unwrap();
        self.happens(SwitchEvent::HungUp {
            channel,
            cause: Cause::NormalClearing,
        })
        .await;
    }

    /// Brings the store up to what has happened.
    pub(crate) async fn store_all(&self) {
        self.journal.flush().await.unwrap();
        catch_up(&self.state.store, &self.journal).await.unwrap();
    }

    pub(crate) async fn send(&self, request: Request<Body>) -> Answer {
        let mut request = request;
        let peer: SocketAddr = ([192, 0, 2, 1], 40_000).into();
        if request
            .extensions()
            .get::<ConnectInfo<SocketAddr>>()
            .is_none()
        {
            request.extensions_mut().insert(ConnectInfo(peer));
        }
        Answer::read(self.app.clone().oneshot(request).await.unwrap()).await
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send(Request::get(path).body(Body::empty()).unwrap())
            .await
    }

    /// Signs in through the API.
    pub(crate) async fn sign_in(&self, login: &str) -> Client<'_> {
        let body = format!(r#"{{"login":"{login}","password":"{PASSWORD}"}}"#);
        let answer = self.send(json(Method::POST, "/api/sign-in", &body)).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
        let me: serde_json::Value = serde_json::from_str(&answer.body).unwrap();
        let cookie = answer.set_cookie().split(';').next().unwrap().to_owned();
        Client {
            web: self,
            cookie,
            csrf: me["csrf"].as_str().unwrap().to_owned(),
        }
    }
}

/// Somebody signed in.
pub(crate) struct Client<'a> {
    web: &'a TestWeb,
    pub(crate) cookie: String,
    pub(crate) csrf: String,
}

impl Client<'_> {
    pub(crate) async fn get(&self, path: &str) -> Answer {
        let request = Request::get(path).header(header::COOKIE, &self.cookie);
        self.web.send(request.body(Body::empty()).unwrap()).await
    }

    pub(crate) async fn post(&self, path: &str, body: &str) -> Answer {
        self.ask(Method::POST, path, body).await
    }

    /// The same with any method that changes something.
    pub(crate) async fn ask(&self, method: Method, path: &str, body: &str) -> Answer {
        let mut request = json(method, path, body);
        let headers = request.headers_mut();
        headers.insert(header::COOKIE, self.cookie.parse().unwrap());
        headers.insert("x-csrf-token", self.csrf.parse().unwrap());
        self.web.send(request).await
    }
}

pub(crate) fn json(method: Method, path: &str, body: &str) -> Request<Body> {
    let request = Request::builder().method(method).uri(path);
    let request = request.header(header::CONTENT_TYPE, "application/json");
    request.body(Body::from(body.to_owned())).unwrap()
}

/// An answer, read to its end.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: header::HeaderMap,
    pub(crate) body: String,
}

impl Answer {
    async fn read(response: Response<Body>) -> Self {
        let (parts, body) = response.into_parts();
        let body = to_bytes(body, 1 << 20).await.unwrap();
        let body = String::from_utf8(body.to_vec()).unwrap();
        Self {
            status: parts.status,
            headers: parts.headers,
            body,
        }
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }

    pub(crate) fn set_cookie(&self) -> &str {
        self.header("set-cookie")
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("not JSON: {}", self.body))
    }
}

/// Hashing is slow on purpose; one hash serves all test users.
async fn password_hash() -> String {
    static HASH: tokio::sync::OnceCell<String> = tokio::sync::OnceCell::const_new();
    let made = HASH.get_or_init(async || {
        switchyard::store::password::hash(PASSWORD.to_owned())
            .await
            .unwrap()
    });
    made.await.clone()
}

pub(crate) fn pbx() -> SwitchId {
    "pbx".parse().unwrap()
}

/// The engine with its board and journal, driven by a task as the runtime
/// drives it, but without deadlines, and with [`obey`] for a switch.
async fn run(
    centre: Centre,
    links: BTreeMap<SwitchId, watch::Receiver<LinkState>>,
    journal: Arc<Journal>,
) -> Handle {
    let (events, mut inbox) = mpsc::channel(64);
    let (looks, mut looked) = mpsc::channel::<Look>(1);
    let board = Arc::new(RwLock::new(Board::new(&centre)));
    let (changes, changed) = watch::channel(0_u64);
    let handle = Handle {
        events,
        board: Arc::clone(&board),
        changed,
        condition: Condition::well(),
        links,
        looks,
        draining: watch::channel(false).1,
        answers: Answers::default(),
    };
    let answers = handle.answers.clone();
    events_at_start(&handle, centre).await;
    #[expect(clippy::disallowed_methods, reason = "stands for the runtime's driver")]
    tokio::spawn(async move {
        let (mut engine, mut commands) = (Engine::new(), Commands::default());
        loop {
            let event = tokio::select! {
                event = inbox.recv() => match event {
                    Some(event) => event,
                    None => return,
                },
                Some(look) = looked.recv() => {
                    look(&engine);
                    continue;
                }
            };
            let mut events = VecDeque::from([event]);
            while let Some(event) = events.pop_front() {
                let at = clock::now();
                engine.handle(at, event.clone(), &mut commands);
                journal.append(Step::new(at, event, commands.as_slice().to_vec()));
                for command in commands.drain() {
                    match command {
                        Command::Note(fact) => board.write().unwrap().apply(at, &fact),
                        Command::Switch(order) => events.extend(obey(order)),
                        Command::Answer { request, outcome } => answers.give(request, outcome),
                        Command::File(_) => {}
                    }
                }
            }
            changes.send_modify(|count| *count += 1);
        }
    });
    handle
}

/// A switch that does what it is told at once. Devices whose extension ends in
/// an even digit are picked up; the others ring on.
fn obey(order: SwitchOrder) -> Vec<Event> {
    let done = Event::Completed {
        command: order.id,
        outcome: Outcome::Done,
    };
    let happened = match order.command {
        SwitchCommand::Answer { channel } => vec![SwitchEvent::Answered { channel }],
        SwitchCommand::Ring(ring) => {
            let channel = ring.channel;
            let mut events = vec![SwitchEvent::Ringing {
                channel: channel.clone(),
            }];
            if ring.to.to_string().ends_with(['0', '2', '4', '6', '8']) {
                events.push(SwitchEvent::Answered { channel });
            }
            events
        }
        SwitchCommand::Bridge { channel, peer } => vec![SwitchEvent::Bridged { channel, peer }],
        SwitchCommand::HangUp { channel, cause } | SwitchCommand::Refuse { channel, cause } => {
            vec![SwitchEvent::HungUp { channel, cause }]
        }
        _ => Vec::new(),
    };
    let happened = happened.into_iter().map(|event| Event::Switch {
        switch: pbx(),
        event,
    });
    std::iter::once(done).chain(happened).collect()
}

async fn events_at_start(handle: &Handle, centre: Centre) {
    let start = [
        Event::Started { seed: 1 },
        Event::Configured {
            centre: Box::new(centre),
        },
        Event::Switch {
            switch: pbx(),
            event: SwitchEvent::Snapshot(Snapshot::default()),
        },
    ];
    for event in start {
        handle.events.send(event).await.unwrap();
    }
}

/// The centre of the tests, as JSON: the form the journal keeps it in.
pub(crate) fn centre() -> Centre {
    let queue = |name: &str| {
        serde_json::json!({
            "name": name, "strategy": "longest_idle", "requires": {}, "music": "default",
            "ring": 20_000, "wrap_up": 30_000, "record": true, "max_waiting": 50,
            "priority": 0, "greeting": null,
        })
    };
    let agent = |name: &str, extension: &str| {
        serde_json::json!({
            "name": name, "extension": extension, "switch": "pbx", "skills": {},
            "queues": ["booking", "service"],
        })
    };
    let centre = serde_json::json!({
        "tenant": "hotel", "site": "main", "switches": ["pbx"],
        "numbers": { "4008001234": { "flow": "booking", "language": "zh-CN" } },
        "flows": { "booking": { "name": "预订", "start": "in", "blocks": {
            "in": { "kind": "answer", "next": "queue" },
            "queue": { "kind": "queue", "queue": "booking" },
        } } },
        "queues": { "booking": queue("客房预订"), "service": queue("会员服务") },
        "agents": { "chen": agent("陈晓梅", "1001"), "li": agent("李强", "1002") },
        "limits": serde_json::to_value(switchyard::engine::centre::Limits::default()).unwrap(),
    });
    serde_json::from_value(centre).unwrap()
}

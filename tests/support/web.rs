//! A web server's application around a real engine, without switches: what
//! happens on one is handed in by the test.

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::ConnectInfo;
use axum::http::{Method, Request, Response, StatusCode, header};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, RwLock};
use switchyard::clock;
use switchyard::config::http::HttpConfig;
use switchyard::engine::Engine;
use switchyard::engine::centre::Centre;
use switchyard::engine::command::{Command, Commands};
use switchyard::engine::event::Event;
use switchyard::engine::id::SwitchId;
use switchyard::runtime::board::Board;
use switchyard::runtime::handle::Handle;
use switchyard::store::Store;
use switchyard::store::users::{self, NewUser, Role};
use switchyard::switch::link::LinkState;
use switchyard::switch::{Language, Snapshot, SwitchEvent};
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
        let (link, watched) = watch::channel(LinkState::Alive);
        let links = BTreeMap::from([(pbx(), watched)]);
        let state = WebState {
            handle: run(centre, links).await,
            store,
            settings: HttpConfig::on(([127, 0, 0, 1], 0).into()),
            tenant,
        };
        let web = Web::new(state.clone()).unwrap();
        let app = router::app(web.clone());
        Self {
            state,
            web,
            app,
            link,
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
        let mut request = json(Method::POST, path, body);
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

/// The engine with its board, driven by a task as the runtime drives it, but
/// without journal, deadlines and switches.
async fn run(centre: Centre, links: BTreeMap<SwitchId, watch::Receiver<LinkState>>) -> Handle {
    let (events, mut inbox) = mpsc::channel(64);
    let board = Arc::new(RwLock::new(Board::new(&centre)));
    let (changes, changed) = watch::channel(0_u64);
    let handle = Handle {
        events,
        board: Arc::clone(&board),
        changed,
        links,
    };
    events_at_start(&handle, centre).await;
    #[expect(clippy::disallowed_methods, reason = "stands for the runtime's driver")]
    tokio::spawn(async move {
        let (mut engine, mut commands) = (Engine::new(), Commands::default());
        while let Some(event) = inbox.recv().await {
            let at = clock::now();
            engine.handle(at, event, &mut commands);
            for command in commands.drain() {
                if let Command::Note(fact) = command {
                    board.write().unwrap().apply(at, &fact);
                }
            }
            changes.send_modify(|count| *count += 1);
        }
    });
    handle
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

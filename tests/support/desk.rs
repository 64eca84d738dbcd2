//! Somebody signed in at the API of a running centre.

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::ConnectInfo;
use axum::http::{Method, Request, StatusCode, header, request};
use serde_json::Value;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;
use switchyard::clock;
use switchyard::config::http::HttpConfig;
use switchyard::engine::id::TenantId;
use switchyard::runtime::assembly::Running;
use switchyard::store::password;
use switchyard::store::users::{self, NewUser, Role};
use switchyard::switch::Language;
use switchyard::web::{Web, WebState, router};
use tokio::time::timeout;
use tower::ServiceExt;

const WITHIN: Duration = Duration::from_secs(30);

const PASSWORD: &str = "a long enough password";

/// The session of one agent or supervisor.
pub struct Desk {
    app: Router,
    cookie: String,
    csrf: String,
}

impl Desk {
    /// Makes a user for an agent, whose login is the agent's id, and signs in.
    pub async fn of(running: &Running, agent: &str, role: Role) -> Desk {
        Self::with_recordings(running, agent, role, Path::new("")).await
    }

    /// The same, where what callers said can be heard from the folder of recordings.
    pub async fn with_recordings(
        running: &Running,
        agent: &str,
        role: Role,
        recordings: &Path,
    ) -> Desk {
        let tenant: TenantId = "default".parse().expect("a tenant");
        let hash = password::hash(PASSWORD.to_owned()).await.expect("a hash");
        let new = NewUser {
            tenant: tenant.clone(),
            login: agent.to_owned(),
            password_hash: hash,
            role,
            display_name: agent.to_owned(),
            language: Language::English,
            agent: Some(agent.parse().expect("an agent's id")),
        };
        let created = users::create(&running.store, new, clock::now()).await;
        created.expect("a new user");
        let web = Web::new(WebState {
            handle: running.handle.clone(),
            store: running.store.clone(),
            settings: HttpConfig::on(([127, 0, 0, 1], 0).into()),
            tenant,
            recordings: recordings.to_path_buf(),
        });
        let mut desk = Desk {
            app: router::app(web.expect("valid pages")),
            cookie: String::new(),
            csrf: String::new(),
        };
        let body = format!(r#"{{"login":"{agent}","password":"{PASSWORD}"}}"#);
        let (status, cookie, me) = desk.send(Method::POST, "/api/sign-in", &body).await;
        assert_eq!(status, StatusCode::OK, "{me}");
        desk.cookie = cookie;
        desk.csrf = json(&me)["csrf"].as_str().expect("a token").to_owned();
        desk
    }

    fn request(&self, method: Method, path: &str) -> request::Builder {
        let peer: SocketAddr = ([127, 0, 0, 1], 40_000).into();
        Request::builder()
            .method(method)
            .uri(path)
            .extension(ConnectInfo(peer))
            .header(header::CONTENT_TYPE, "application/json")
            .header(header::COOKIE, &self.cookie)
            .header("x-csrf-token", &self.csrf)
    }

    async fn send(&self, method: Method, path: &str, body: &str) -> (StatusCode, String, String) {
        let request = self.request(method, path).body(Body::from(body.to_owned()));
        let (status, cookie, body) = self.answer(request.expect("a request")).await;
        (status, cookie, String::from_utf8(body).expect("text"))
    }

    async fn answer(&self, request: Request<Body>) -> (StatusCode, String, Vec<u8>) {
        let response = self.app.clone().oneshot(request).await.expect("an answer");
        let status = response.status();
        let cookie = response.headers().get(header::SET_COOKIE);
        let cookie = cookie.map_or("", |cookie| cookie.to_str().expect("text"));
        let cookie = cookie.split(';').next().unwrap_or_default().to_owned();
        let body = to_bytes(response.into_body(), 1 << 20).await.expect("all");
        (status, cookie, body.to_vec())
    }

    pub async fn get(&self, path: &str) -> Value {
        let (status, _, body) = self.send(Method::GET, path, "").await;
        assert_eq!(status, StatusCode::OK, "{path}: {body}");
        json(&body)
    }

    /// Waits until what is given at `path` is as `wanted`.
    pub async fn until(
        &self,
        running: &Running,
        path: &str,
        wanted: impl Fn(&Value) -> bool,
    ) -> Value {
        // The store is a moment behind the board.
        let mut projection = running.projection();
        let look = async {
            loop {
                let found = self.get(path).await;
                if wanted(&found) {
                    return found;
                }
                projection.changed().await.expect("the projector runs");
            }
        };
        match timeout(WITHIN, look).await {
            Ok(found) => found,
            Err(_) => panic!("{path} stays {:#}", self.get(path).await),
        }
    }

    /// The bytes in a range of a file at `path`, as a player asks for them (RFC 9110, 14.2).
    pub async fn part(&self, path: &str, range: &str) -> Vec<u8> {
        let request = self.request(Method::GET, path).header(header::RANGE, range);
        let request = request.body(Body::empty()).expect("a request");
        let (status, _, body) = self.answer(request).await;
        assert_eq!(status, StatusCode::PARTIAL_CONTENT, "{path}");
        body
    }

    /// A file at `path`.
    pub async fn file(&self, path: &str) -> Vec<u8> {
        let request = self.request(Method::GET, path).body(Body::empty());
        let (status, _, body) = self.answer(request.expect("a request")).await;
        assert_eq!(status, StatusCode::OK, "{path}");
        body
    }

    /// Asks for something that must be done.
    pub async fn asks(&self, path: &str, body: Value) {
        let (status, _, answer) = self.send(Method::POST, path, &body.to_string()).await;
        assert_eq!(status, StatusCode::NO_CONTENT, "{path} {body}: {answer}");
    }

    /// Asks for something that must be refused, and gives the reason's word.
    pub async fn is_refused(&self, path: &str, body: Value) -> String {
        let (status, _, answer) = self.send(Method::POST, path, &body.to_string()).await;
        assert_eq!(status, StatusCode::CONFLICT, "{path} {body}: {answer}");
        let answer = json(&answer);
        let kind = answer["type"].as_str().expect("a type");
        kind.rsplit(':').next().expect("a word").to_owned()
    }
}

fn json(body: &str) -> Value {
    serde_json::from_str(body).unwrap_or_else(|_| panic!("not JSON: {body}"))
}

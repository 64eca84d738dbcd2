//! Somebody signed in at the API, over HTTP.

use super::controller::SOON;
use reqwest::{Client, Method, Response, header};
use std::time::Duration;
use tokio::time::timeout;

/// A session outlives its controller, because it lies in the store and every
/// controller of a test has the same address.
pub struct Session {
    client: Client,
    pages: String,
    cookie: String,
    csrf: String,
}

impl Session {
    /// Signs in at `pages`, an address such as `http://127.0.0.1:8480`.
    pub async fn open(pages: &str, login: &str, password: &str) -> Session {
        let body = format!(r#"{{"login":"{login}","password":"{password}"}}"#);
        let client = Client::new();
        let answer = client
            .post(format!("{pages}/api/sign-in"))
            .header(header::CONTENT_TYPE, "application/json")
            .body(body)
            .send()
            .await
            .expect("an answer");
        assert!(answer.status().is_success(), "{}", answer.status());
        let cookie = answer.headers()[header::SET_COOKIE].to_str().expect("text");
        let cookie = cookie.split(';').next().expect("a cookie").to_owned();
        let me: serde_json::Value = answer.json().await.expect("JSON");
        Session {
            client,
            pages: pages.to_owned(),
            cookie,
            csrf: me["csrf"].as_str().expect("a token").to_owned(),
        }
    }

    async fn ask(&self, method: Method, path: &str, body: &str) -> Response {
        let request = self
            .client
            .request(method, format!("{}{path}", self.pages))
            .header(header::CONTENT_TYPE, "application/json")
            .header(header::COOKIE, &self.cookie)
            .header("x-csrf-token", &self.csrf)
            .body(body.to_owned());
        request.send().await.expect("an answer")
    }

    /// What the API gives at `path`.
    pub async fn get(&self, path: &str) -> serde_json::Value {
        let answer = self.ask(Method::GET, path, "").await;
        assert!(answer.status().is_success(), "{path}: {}", answer.status());
        answer.json().await.expect("JSON")
    }

    /// The status of the answer to a GET.
    pub async fn status(&self, path: &str) -> u16 {
        self.ask(Method::GET, path, "").await.status().as_u16()
    }

    /// The text of the page at `path`.
    pub async fn page(&self, path: &str) -> String {
        let answer = self.ask(Method::GET, path, "").await;
        assert!(answer.status().is_success(), "{path}: {}", answer.status());
        answer.text().await.expect("text")
    }

    pub async fn ready(&self, agent: &str) {
        self.asks(agent, r#"{"request":"ready"}"#).await;
    }

    /// Asks for a change of an agent's state, in the API's words.
    pub async fn asks(&self, agent: &str, request: &str) {
        self.post(&format!("/api/agents/{agent}/state"), request)
            .await;
    }

    /// Asks for something that is granted.
    pub async fn post(&self, path: &str, body: &str) {
        let answer = self.ask(Method::POST, path, body).await;
        let status = answer.status();
        let why = answer.text().await.expect("text");
        assert!(status.is_success(), "{path} {body}: {status}: {why}");
    }

    /// Asks for something that is refused: the last word of the problem's type.
    pub async fn refused(&self, path: &str, body: &str) -> String {
        let answer = self.ask(Method::POST, path, body).await;
        let status = answer.status();
        assert!(!status.is_success(), "{path} {body}: {status}");
        let problem: serde_json::Value = answer.json().await.expect("JSON");
        let kind = problem["type"].as_str().expect("a type");
        kind.rsplit(':').next().expect("a word").to_owned()
    }

    /// Asks again and again until the answer at `path` is as `wanted`.
    pub async fn until(
        &self,
        path: &str,
        wanted: impl Fn(&serde_json::Value) -> bool,
    ) -> serde_json::Value {
        let seen = async {
            loop {
                let answer = self.get(path).await;
                if wanted(&answer) {
                    return answer;
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        match timeout(SOON, seen).await {
            Ok(answer) => answer,
            Err(_) => panic!("{path} stays {}", self.get(path).await),
        }
    }
}

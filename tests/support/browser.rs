//! A real Chromium without a window, driven over its DevTools protocol.

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use std::process::Stdio;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::net::TcpStream;
use tokio::process::{Child, Command};
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

/// Longest wait for anything the browser does.
const DEADLINE: Duration = Duration::from_secs(30);

/// One page of a browser; the browser ends with it.
pub(crate) struct Browser {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    session: String,
    last_id: u64,
    /// What the page complained about: exceptions, refused content.
    pub(crate) complaints: Vec<String>,
    _process: Child,
    _profile: tempfile::TempDir,
}

impl Browser {
    /// `None`, told loudly, where there is no Chromium.
    pub(crate) async fn start() -> Option<Self> {
        let profile = tempfile::tempdir().unwrap();
        let process = Command::new("chromium")
            .args([
                "--headless",
                "--no-sandbox",
                "--disable-gpu",
                "--no-first-run",
            ])
            .args([
                "--disable-background-networking",
                "--remote-debugging-port=0",
            ])
            .arg(format!("--user-data-dir={}", profile.path().display()))
            .arg("about:blank")
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn();
        let mut process = match process {
            Ok(process) => process,
            Err(error) => {
                eprintln!("skipped: chromium cannot be started ({error}); install chromium");
                return None;
            }
        };
        let mut lines = BufReader::new(process.stderr.take().unwrap()).lines();
        let address = timeout(DEADLINE, async {
            while let Some(line) = lines.next_line().await.unwrap() {
                if let Some(address) = line.strip_prefix("DevTools listening on ") {
                    return address.to_owned();
                }
            }
            panic!("chromium ended before it listened");
        });
        let address = address.await.expect("chromium starts in time");
        #[expect(
            clippy::disallowed_methods,
            reason = "a full pipe would stop the browser"
        )]
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        let (socket, _) = connect_async(address).await.unwrap();
        let mut browser = Self {
            socket,
            session: String::new(),
            last_id: 0,
            complaints: Vec::new(),
            _process: process,
            _profile: profile,
        };
        let target = browser
            .call("Target.createTarget", json!({"url": "about:blank"}))
            .await;
        let attach = json!({"targetId": target["targetId"], "flatten": true});
        let attached = browser.call("Target.attachToTarget", attach).await;
        browser.session = attached["sessionId"].as_str().unwrap().to_owned();
        for domain in ["Page.enable", "Runtime.enable", "Log.enable"] {
            browser.call(domain, json!({})).await;
        }
        Some(browser)
    }

    pub(crate) async fn open(&mut self, address: &str) {
        self.call("Page.navigate", json!({"url": address})).await;
        self.until("document.readyState === 'complete'").await;
    }

    pub(crate) async fn evaluate(&mut self, script: &str) -> Value {
        let asked = json!({"expression": script, "awaitPromise": true, "returnByValue": true});
        let answer = self.call("Runtime.evaluate", asked).await;
        let exception = &answer["exceptionDetails"];
        assert!(exception.is_null(), "{script}: {exception}");
        answer["result"]["value"].clone()
    }

    /// Waits for the page to make `condition` true.
    pub(crate) async fn until(&mut self, condition: &str) {
        let watch = format!(
            "new Promise(done => {{
                const look = () => {{ if ({condition}) {{ observer.disconnect(); done(true); }} }};
                const observer = new MutationObserver(look);
                observer.observe(document, {{subtree: true, childList: true, attributes: true, characterData: true}});
                document.addEventListener('readystatechange', look);
                look();
            }})"
        );
        let met = timeout(DEADLINE, self.try_until(&watch)).await;
        if met.is_err() {
            let asked = json!({"expression": "document.body.innerText", "returnByValue": true});
            let text = self.call("Runtime.evaluate", asked).await;
            panic!(
                "not within {DEADLINE:?}: {condition}\n{text:#}\n{:#?}",
                self.complaints
            );
        }
    }

    /// A page that is being replaced ends the script with it: it starts again there.
    async fn try_until(&mut self, watch: &str) {
        loop {
            let asked = json!({"expression": watch, "awaitPromise": true, "returnByValue": true});
            if self.call("Runtime.evaluate", asked).await["result"]["value"] == true {
                return;
            }
        }
    }

    pub(crate) async fn screen(&mut self, width: u32, height: u32, dark: bool) {
        let size =
            json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": false});
        self.call("Emulation.setDeviceMetricsOverride", size).await;
        let scheme = if dark { "dark" } else { "light" };
        let scheme = json!({"features": [{"name": "prefers-color-scheme", "value": scheme}]});
        self.call("Emulation.setEmulatedMedia", scheme).await;
    }

    /// The page as PNG, in base64, for whoever wants to look at it.
    #[expect(clippy::allow_attributes, reason = "see the next line")]
    #[allow(dead_code, reason = "not every test looks")]
    pub(crate) async fn picture(&mut self) -> String {
        let answer = self
            .call("Page.captureScreenshot", json!({"format": "png"}))
            .await;
        answer["data"].as_str().unwrap().to_owned()
    }

    /// One command, answered with its result, or null when the page went away under it.
    async fn call(&mut self, method: &str, params: Value) -> Value {
        self.last_id += 1;
        let id = self.last_id;
        let mut command = json!({"id": id, "method": method, "params": params});
        if !self.session.is_empty() {
            command["sessionId"] = self.session.clone().into();
        }
        self.socket
            .send(Message::text(command.to_string()))
            .await
            .unwrap();
        loop {
            let message = self.socket.next().await.expect("the browser runs").unwrap();
            let Ok(text) = message.into_text() else {
                continue;
            };
            let message: Value = serde_json::from_str(&text).unwrap_or_default();
            if message["id"] == id {
                return message["result"].clone();
            }
            self.note(&message);
        }
    }

    fn note(&mut self, message: &Value) {
        let params = &message["params"];
        let complaint = match message["method"].as_str() {
            Some("Runtime.exceptionThrown") => &params["exceptionDetails"],
            Some("Log.entryAdded") if params["entry"]["level"] == "error" => &params["entry"],
            _ => return,
        };
        self.complaints.push(complaint.to_string());
    }
}

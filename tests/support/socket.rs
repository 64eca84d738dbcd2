//! The least an event socket has to say for the adapter to attach, after which
//! it says on the connection for events whatever a test wants.

use std::sync::{Arc, Mutex};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// Every message so far, on whatever connection.
type Heard = Arc<watch::Sender<Vec<String>>>;

pub struct EventSocket {
    address: String,
    heard: Heard,
    said: watch::Receiver<usize>,
    task: JoinHandle<()>,
}

impl EventSocket {
    /// Admits everybody with `password`. Says the first of `sayings` to the
    /// first subscriber, the second to the second, and nothing to those after.
    pub async fn saying(password: &str, sayings: Vec<Vec<u8>>) -> EventSocket {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("the port").to_string();
        let heard = Heard::default();
        let (saying, said) = watch::channel(0);
        let sayings = Arc::new(Mutex::new(sayings.into_iter()));
        let (password, kept) = (password.to_owned(), heard.clone());
        let serve = async move {
            loop {
                let (client, _) = listener.accept().await.expect("a connection");
                let (password, kept, sayings) = (password.clone(), kept.clone(), sayings.clone());
                let saying = saying.clone();
                let serve = async move {
                    let next = move || sayings.lock().expect("no panic").next();
                    // The client may leave at any time.
                    let _ = converse(client, &password, &kept, next, &saying).await;
                };
                #[expect(clippy::disallowed_methods, reason = "one task per connection")]
                tokio::spawn(serve);
            }
        };
        #[expect(clippy::disallowed_methods, reason = "it runs beside the test")]
        let task = tokio::spawn(serve);
        EventSocket {
            address,
            heard,
            said,
            task,
        }
    }

    /// Waits until the first saying was said, or its listener left.
    pub async fn said(&self) {
        let mut said = self.said.clone();
        let _ = said.wait_for(|said| *said > 0).await;
    }

    pub fn address(&self) -> String {
        self.address.clone()
    }

    /// Every message so far, on whatever connection.
    pub fn heard(&self) -> Vec<String> {
        self.heard.borrow().clone()
    }

    /// Waits until enough was heard.
    pub async fn heard_enough(&self, mut enough: impl FnMut(&[String]) -> bool) {
        let mut heard = self.heard.subscribe();
        let _ = heard.wait_for(|heard| enough(heard)).await;
    }
}

impl Drop for EventSocket {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn converse(
    mut client: TcpStream,
    password: &str,
    heard: &watch::Sender<Vec<String>>,
    next_saying: impl Fn() -> Option<Vec<u8>>,
    said: &watch::Sender<usize>,
) -> std::io::Result<()> {
    client.write_all(b"Content-Type: auth/request\n\n").await?;
    let mut unread = String::new();
    let mut piece = [0; 4_096];
    loop {
        while let Some((message, rest)) = unread.split_once("\n\n") {
            let (message, rest) = (message.to_owned(), rest.to_owned());
            heard.send_modify(|heard| heard.push(message.clone()));
            let answer = match message.split_once(' ') {
                Some(("auth", given)) if given != password => reply("-ERR invalid"),
                Some(("api", "show channels as json" | "show bridged_calls as json")) => {
                    response("{\"row_count\":0}")
                }
                Some(("api", _)) => response("+OK"),
                _ => reply("+OK accepted"),
            };
            client.write_all(answer.as_bytes()).await?;
            if message.starts_with("event plain BACKGROUND_JOB")
                && let Some(saying) = next_saying()
            {
                let whole = client.write_all(&saying).await;
                said.send_modify(|said| *said += 1);
                whole?;
            }
            unread = rest;
        }
        match client.read(&mut piece).await? {
            0 => return Ok(()),
            read => unread.push_str(&String::from_utf8_lossy(&piece[..read])),
        }
    }
}

fn reply(text: &str) -> String {
    format!("Content-Type: command/reply\nReply-Text: {text}\n\n")
}

fn response(body: &str) -> String {
    format!(
        "Content-Type: api/response\nContent-Length: {}\n\n{body}",
        body.len()
    )
}

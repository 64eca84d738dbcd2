//! A listener in front of an event socket that passes everything on and keeps
//! what the switch said, byte by byte.

use std::sync::{Arc, Mutex};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// What the switch said on each connection, in the order they were made.
type Said = Arc<Mutex<Vec<Vec<u8>>>>;

pub struct Recorder {
    address: String,
    said: Said,
    task: JoinHandle<()>,
    cut: tokio::sync::watch::Sender<u32>,
}

impl Recorder {
    /// A recorder on a loopback port, for the event socket at `upstream`.
    pub async fn before(upstream: &str) -> Recorder {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("the port").to_string();
        let said = Said::default();
        let (cut, cuts) = tokio::sync::watch::channel(0);
        let (kept, upstream) = (said.clone(), upstream.to_owned());
        let serve = async move {
            loop {
                let (client, _) = listener.accept().await.expect("a connection");
                let index = {
                    let mut kept = kept.lock().expect("nobody panics with the lock");
                    kept.push(Vec::new());
                    kept.len() - 1
                };
                let relay = relay(client, upstream.clone(), kept.clone(), index, cuts.clone());
                #[expect(clippy::disallowed_methods, reason = "one relay per connection")]
                tokio::spawn(relay);
            }
        };
        #[expect(
            clippy::disallowed_methods,
            reason = "the recorder runs beside the test"
        )]
        let task = tokio::spawn(serve);
        Recorder {
            address,
            said,
            task,
            cut,
        }
    }

    pub fn address(&self) -> String {
        self.address.clone()
    }

    /// What the switch said so far on the connection made as number `index`.
    pub fn said(&self, index: usize) -> Vec<u8> {
        self.said.lock().expect("nobody panics with the lock")[index].clone()
    }

    /// Breaks all connections.
    pub fn cut(&self) {
        self.cut.send_modify(|cuts| *cuts += 1);
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn relay(
    client: TcpStream,
    upstream: String,
    said: Said,
    index: usize,
    mut cuts: tokio::sync::watch::Receiver<u32>,
) {
    let Ok(switch) = TcpStream::connect(upstream).await else {
        return;
    };
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_switch, mut to_switch) = switch.into_split();
    let up = tokio::io::copy(&mut from_client, &mut to_switch);
    let down = async {
        let mut piece = vec![0; 16 * 1024];
        while let Ok(read @ 1..) = from_switch.read(&mut piece).await {
            said.lock().expect("nobody panics with the lock")[index]
                .extend_from_slice(&piece[..read]);
            if to_client.write_all(&piece[..read]).await.is_err() {
                return;
            }
        }
    };
    cuts.mark_unchanged();
    tokio::select! {
        _ = up => {}
        () = down => {}
        _ = cuts.changed() => {}
    }
}

/// One `api` command over a connection of its own.
pub async fn ask(address: &str, password: &str, line: &str) -> String {
    let mut socket = TcpStream::connect(address).await.expect("an event socket");
    let text = format!("auth {password}\n\napi {line}\n\nexit\n\n");
    socket.write_all(text.as_bytes()).await.expect("a socket");
    let mut answer = Vec::new();
    socket.read_to_end(&mut answer).await.expect("a socket");
    String::from_utf8_lossy(&answer).into_owned()
}

//! A phone's audio: one RTP stream each way (RFC 3550) in µ-law, digits as
//! telephone events (RFC 4733), everything heard kept.

use super::audio::{RATE, Voice, from_ulaw, loudness, share_of, to_ulaw};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::net::UdpSocket;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;

/// Samples in one packet: 20 ms.
const PACKET: usize = 160;
/// What is judged at a time: 200 ms, in samples.
const WINDOW: usize = PACKET * 10;
const TELEPHONE_EVENT: u8 = 101;
/// Each at the place of its telephone event (RFC 4733, section 3.2).
const KEYS: &str = "0123456789*#ABCD";
/// The most that is kept: five minutes.
const MEMORY: usize = 300 * RATE;

/// One end of a conversation's audio. It learns where to send from the first
/// packet it receives, as phones behind a NAT make switches do.
pub struct Line {
    port: u16,
    heard: Arc<Mutex<Vec<i16>>>,
    grown: watch::Receiver<usize>,
    keys: watch::Receiver<String>,
    said: watch::Receiver<usize>,
    orders: mpsc::UnboundedSender<Order>,
    task: JoinHandle<()>,
}

enum Order {
    Face(SocketAddr),
    Say(Voice),
    Press(u8),
}

impl Line {
    /// Opens a line on a free loopback port.
    pub async fn open(voice: Voice) -> Line {
        let socket = UdpSocket::bind("127.0.0.1:0")
            .await
            .expect("a free UDP port");
        let port = socket.local_addr().expect("the port just bound").port();
        let heard = Arc::new(Mutex::new(Vec::new()));
        let (grow, grown) = watch::channel(0);
        let (press, keys) = watch::channel(String::new());
        let (orders, taken) = mpsc::unbounded_channel();
        let (say, said) = watch::channel(0);
        let mouth = Mouth::new(voice, say);
        let ear = Ear {
            heard: heard.clone(),
            grow,
            press,
            last_event: None,
        };
        let talk = converse(socket, mouth, ear, taken);
        #[expect(
            clippy::disallowed_methods,
            reason = "a phone's audio runs beside the test"
        )]
        let task = tokio::spawn(talk);
        Line {
            port,
            heard,
            grown,
            keys,
            said,
            orders,
            task,
        }
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// Sends to this address until a packet comes.
    pub fn face(&self, peer: SocketAddr) {
        self.orders
            .send(Order::Face(peer))
            .expect("the line is open");
    }

    pub fn say(&self, voice: Voice) {
        self.orders
            .send(Order::Say(voice))
            .expect("the line is open");
    }

    /// Presses a key by RFC 4733.
    pub fn press(&self, key: char) {
        let event = KEYS.find(key).expect("a telephone key");
        self.orders
            .send(Order::Press(event as u8))
            .expect("the line is open");
    }

    /// Everything heard so far. Times in which no packet came are left out.
    pub fn heard(&self) -> Vec<i16> {
        self.heard.lock().expect("the line's task is well").clone()
    }

    /// How much was heard so far, in samples; a mark for [`Line::heard_since`].
    pub fn mark(&self) -> usize {
        *self.grown.borrow()
    }

    pub fn heard_since(&self, mark: usize) -> Vec<i16> {
        self.heard().split_off(mark.min(self.mark()))
    }

    /// Waits until so much was heard after `mark`, and gives the last of it.
    pub async fn listens(&self, mark: usize, ms: usize, within: Duration) -> Vec<i16> {
        let samples = ms * RATE / 1_000;
        let mut grown = self.grown.clone();
        let enough = grown.wait_for(|length| *length >= mark + samples);
        let waited = tokio::time::timeout(within, enough).await;
        assert!(waited.is_ok(), "less than {ms} ms heard in {within:?}");
        let heard = self.heard_since(mark);
        heard[heard.len() - samples..].to_vec()
    }

    /// Waits until it has said so much more.
    pub async fn speaks(&self, ms: usize, within: Duration) {
        let until = *self.said.borrow() + ms * RATE / 1_000;
        let mut said = self.said.clone();
        let waited = tokio::time::timeout(within, said.wait_for(|said| *said >= until)).await;
        assert!(waited.is_ok(), "less than {ms} ms said in {within:?}");
    }

    /// Waits until these keys were pressed at the other end (RFC 4733).
    pub async fn is_sent(&self, keys: &str, within: Duration) -> Result<(), String> {
        let mut pressed = self.keys.clone();
        let all = pressed.wait_for(|pressed| pressed.ends_with(keys));
        let waited = tokio::time::timeout(within, all).await.is_ok();
        match waited {
            true => Ok(()),
            false => Err(format!("keys {:?}, not {keys:?}", *self.keys.borrow())),
        }
    }

    /// Waits until 200 ms heard after `mark` were mostly a tone of `hz`.
    pub async fn hears_tone(&self, hz: f64, mark: usize, within: Duration) -> Result<(), String> {
        let sought = |window: &[i16]| loudness(window) > 200.0 && share_of(hz, window) > 0.3;
        self.hears(sought, mark, within)
            .await
            .map_err(|heard| format!("no {hz} Hz; {heard}"))
    }

    /// Waits until 200 ms heard after `mark` were not silence.
    pub async fn hears_anything(&self, mark: usize, within: Duration) -> Result<(), String> {
        self.hears(|window| loudness(window) > 200.0, mark, within)
            .await
    }

    /// Waits until 200 ms heard after `mark` were neither silence nor any of the `voices`, in Hz.
    pub async fn hears_music(
        &self,
        voices: &[f64],
        mark: usize,
        within: Duration,
    ) -> Result<(), String> {
        let is_voice = |window: &[i16]| voices.iter().any(|hz| share_of(*hz, window) > 0.02);
        let sought = |window: &[i16]| loudness(window) > 200.0 && !is_voice(window);
        self.hears(sought, mark, within).await
    }

    /// Waits until 200 ms heard after `mark` were neither silence nor a tone.
    pub async fn hears_speech(&self, mark: usize, within: Duration) -> Result<(), String> {
        let music = |window: &[i16]| share_of(440.0, window) > 0.1;
        let sought = |window: &[i16]| loudness(window) > 200.0 && !music(window);
        self.hears(sought, mark, within).await
    }

    async fn hears(
        &self,
        sought: impl Fn(&[i16]) -> bool,
        mark: usize,
        within: Duration,
    ) -> Result<(), String> {
        let mut grown = self.grown.clone();
        // Every window, also those that came while this test had no turn.
        let mut from = mark;
        let listen = grown.wait_for(|length| {
            let heard = self.heard.lock().expect("the line's task is well");
            while from + WINDOW <= *length {
                if sought(&heard[from..from + WINDOW]) {
                    return true;
                }
                from += PACKET;
            }
            false
        });
        match tokio::time::timeout(within, listen).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(_)) => Err("the line was closed".to_owned()),
            Err(_) => {
                let heard = self.heard_since(mark);
                let (seconds, level) = (heard.len() as f64 / RATE as f64, loudness(&heard));
                Err(format!(
                    "heard {seconds:.1} s at loudness {level:.0} in {within:?}"
                ))
            }
        }
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn converse(
    socket: UdpSocket,
    mut mouth: Mouth,
    mut ear: Ear,
    mut orders: mpsc::UnboundedReceiver<Order>,
) {
    let mut peer: Option<SocketAddr> = None;
    let mut beat = tokio::time::interval(Duration::from_millis(20));
    let mut packet = [0_u8; 2_048];
    loop {
        tokio::select! {
            Ok((length, from)) = socket.recv_from(&mut packet) => {
                peer = Some(from);
                let packet = &packet[..length];
                ear.key(packet);
                let Some(payload) = payload_of(packet, 0) else { continue };
                ear.hear(payload);
                if mouth.voice == Voice::Echo && mouth.events.is_empty() {
                    let echo = mouth.packet(payload);
                    let _ = socket.send_to(&echo, from).await;
                }
            }
            _ = beat.tick() => {
                let Some(peer) = peer else { continue };
                if let Some(next) = mouth.next() {
                    let _ = socket.send_to(&next, peer).await;
                }
            }
            order = orders.recv() => match order {
                Some(Order::Face(address)) => peer = peer.or(Some(address)),
                Some(Order::Say(voice)) => mouth.voice = voice,
                Some(Order::Press(event)) => mouth.press(event),
                None => return,
            }
        }
    }
}

/// The payload of an RTP packet of this type, if it is one.
fn payload_of(packet: &[u8], kind: u8) -> Option<&[u8]> {
    let (first, found) = (*packet.first()?, *packet.get(1)? & 0x7F);
    (first >> 6 == 2 && found == kind).then(|| &packet[12 + usize::from(first & 0x0F) * 4..])
}

/// The receiving side of an RTP stream.
struct Ear {
    heard: Arc<Mutex<Vec<i16>>>,
    grow: watch::Sender<usize>,
    press: watch::Sender<String>,
    /// The timestamp of the last telephone event: its packets repeat it.
    last_event: Option<[u8; 4]>,
}

impl Ear {
    fn hear(&self, payload: &[u8]) {
        let length = {
            let mut heard = self.heard.lock().expect("nobody panics with the lock");
            if heard.len() < MEMORY {
                heard.extend(payload.iter().map(|byte| from_ulaw(*byte)));
            }
            heard.len()
        };
        self.grow.send_replace(length);
    }

    fn key(&mut self, packet: &[u8]) {
        let event = payload_of(packet, TELEPHONE_EVENT).and_then(|payload| payload.first());
        let key = event.and_then(|event| KEYS.chars().nth(usize::from(*event)));
        let began = packet.get(4..8).and_then(|bytes| bytes.try_into().ok());
        if let Some(key) = key
            && began != self.last_event
        {
            self.last_event = began;
            self.press.send_modify(|keys| keys.push(key));
        }
    }
}

/// The sending side of an RTP stream.
struct Mouth {
    voice: Voice,
    /// Samples so far.
    said: watch::Sender<usize>,
    sequence: u16,
    timestamp: u32,
    /// Telephone event packets still to send: event, end flag, duration, timestamp.
    events: std::collections::VecDeque<(u8, bool, u16)>,
}

impl Mouth {
    fn new(voice: Voice, said: watch::Sender<usize>) -> Mouth {
        Mouth {
            voice,
            said,
            sequence: 1,
            timestamp: 0,
            events: Default::default(),
        }
    }

    /// Five packets of 20 ms and the end three times (RFC 4733, section 2.5.1.4).
    fn press(&mut self, event: u8) {
        for n in 1..=8_u16 {
            self.events
                .push_back((event, n > 5, n.min(5) * PACKET as u16));
        }
    }

    fn next(&mut self) -> Option<Vec<u8>> {
        if let Some((event, end, duration)) = self.events.pop_front() {
            let [high, low] = duration.to_be_bytes();
            let flags = if end { 0x8A } else { 0x0A };
            let packet = self.header(TELEPHONE_EVENT, duration == PACKET as u16 && !end);
            let packet = [packet.as_slice(), &[event, flags, high, low]].concat();
            if self.events.is_empty() {
                self.timestamp += u32::from(duration);
            }
            return Some(packet);
        }
        if matches!(self.voice, Voice::Echo | Voice::Nothing) {
            return None;
        }
        let from = *self.said.borrow();
        let samples = from..from + PACKET;
        self.said.send_replace(samples.end);
        let payload: Vec<u8> = samples.map(|n| to_ulaw(self.voice.sample(n))).collect();
        Some(self.packet(&payload))
    }

    fn packet(&mut self, payload: &[u8]) -> Vec<u8> {
        let packet = [self.header(0, false).as_slice(), payload].concat();
        self.timestamp = self.timestamp.wrapping_add(payload.len() as u32);
        packet
    }

    fn header(&mut self, kind: u8, marker: bool) -> [u8; 12] {
        let mut header = [0; 12];
        header[0] = 0x80;
        header[1] = kind | if marker { 0x80 } else { 0 };
        header[2..4].copy_from_slice(&self.sequence.to_be_bytes());
        header[4..8].copy_from_slice(&self.timestamp.to_be_bytes());
        header[8..12].copy_from_slice(&0x5157_4944_u32.to_be_bytes());
        self.sequence = self.sequence.wrapping_add(1);
        header
    }
}

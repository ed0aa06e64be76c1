//! `GET /ws`: live values to one window.
//!
//! A subscription keeps, for each of its tags, what was sent last. At each tick it is
//! compared with the newest image, and what differs is sent. So there is no queue: a
//! slow reader sees fewer updates, memory stays proportional to the tags, and the
//! first frame after a subscription is a full snapshot by itself.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use gateway::alarms::AlarmList;
use signal::Quality;
use tokio::sync::watch;
use tokio::time::{Instant, MissedTickBehavior, interval, timeout};

use crate::answer::{self, Claim};
use crate::app::App;
use crate::frames::{self, FromClient, SUBPROTOCOL};
use crate::routes::{self, Needs};
use crate::visitor::Visitor;

/// Tags of one connection.
pub const TAGS_PER_SOCKET_MAX: usize = 5_000;
/// Subscriptions of one connection.
pub const SUBSCRIPTIONS_MAX: usize = 64;
/// Longest message of a client. Bytes.
const MESSAGE_BYTES_MAX: usize = 512 << 10;
/// Messages of a client in one second.
const MESSAGES_PER_S_MAX: u32 = 50;
/// The finest time grain of a connection.
const TICK: Duration = Duration::from_millis(100);
/// Time between heartbeats.
const HEARTBEAT: Duration = Duration::from_secs(1);
/// A window that has said nothing for so long does not read: out.
const SILENCE_MAX: Duration = Duration::from_secs(10);
/// A frame that cannot be handed to the network for so long: out.
const SEND_MAX: Duration = Duration::from_secs(5);

/// How long the peer may take to answer a close frame.
const GOODBYE_MAX: Duration = Duration::from_secs(1);

const CLOSE_GOING_AWAY: u16 = 1001;
const CLOSE_POLICY: u16 = 1008;
const CLOSE_RESTART: u16 = 1012;
const CLOSE_TRY_LATER: u16 = 1013;

/// Why a connection ends: close code and reason.
type Ending = (u16, &'static str);

pub(crate) async fn upgrade(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    headers: HeaderMap,
    upgrade: WebSocketUpgrade,
) -> Response {
    if let Err(refusal) = app.hosts.admit_own_page(&headers) {
        let actor = visitor.actor(&app);
        answer::refuse(app.desk.as_ref(), &actor, Claim::default(), refusal);
        return StatusCode::FORBIDDEN.into_response();
    }
    let upgrade = upgrade
        .protocols([SUBPROTOCOL])
        .max_message_size(MESSAGE_BYTES_MAX)
        .max_frame_size(MESSAGE_BYTES_MAX);
    if upgrade.selected_protocol().is_none() {
        return StatusCode::BAD_REQUEST.into_response();
    }
    let Ok(place) = Arc::clone(&app.sockets).try_acquire_owned() else {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    };
    upgrade.on_upgrade(move |socket| async move {
        converse(app, visitor, socket).await;
        drop(place);
    })
}

async fn converse(app: Arc<App>, visitor: Visitor, mut socket: WebSocket) {
    let mut session = Session::new(app, visitor);
    let (code, reason) = match session.run(&mut socket).await {
        Some(ending) => ending,
        None => return,
    };
    let close = Message::Close(Some(CloseFrame {
        code,
        reason: reason.into(),
    }));
    let _ = timeout(SEND_MAX, socket.send(close)).await;
    // What the peer has still on the way is read, or a reset would overtake the reason.
    let goodbye = async { while let Some(Ok(_)) = socket.recv().await {} };
    let _ = timeout(GOODBYE_MAX, goodbye).await;
}

/// Bits and quality of a value as the window has it; none = it has none.
type Sent = Option<(u64, Quality)>;

/// One subscription.
struct Subscription {
    /// Ascending.
    handles: Vec<u32>,
    /// What the window has of each of them, in their order.
    sent: Vec<Sent>,
    period: Duration,
    due: Instant,
}

impl Subscription {
    /// What the window has of a tag.
    fn of(&self, handle: u32) -> Sent {
        let place = self.handles.binary_search(&handle).ok()?;
        self.sent[place]
    }
}

struct Session {
    app: Arc<App>,
    visitor: Visitor,
    epoch: u64,
    subscriptions: BTreeMap<u32, Subscription>,
    seq: u64,
    events_seq: Option<u64>,
    /// The alarm list that the window has.
    alarms: Option<Arc<AlarmList>>,
    /// When the window last said that it had read something new, and what.
    heard: Instant,
    acked: u64,
    beat: Instant,
    rate: (Instant, u32),
}

impl Session {
    fn new(app: Arc<App>, visitor: Visitor) -> Session {
        let now = Instant::now();
        let epoch = app.desk.directory().epoch;
        Session {
            app,
            visitor,
            epoch,
            subscriptions: BTreeMap::new(),
            seq: 0,
            events_seq: None,
            alarms: None,
            heard: now,
            acked: 0,
            beat: now,
            rate: (now, 0),
        }
    }

    /// Runs until the peer is gone (`None`) or must go.
    async fn run(&mut self, socket: &mut WebSocket) -> Option<Ending> {
        let mut stop = self.app.stop.clone();
        let mut tick = interval(TICK);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let utc_ms = self.app.desk.now_utc_ns().div_euclid(1_000_000);
        if let Err(ending) = send(socket, frames::welcome(self.epoch, utc_ms)).await {
            return ending;
        }
        loop {
            tokio::select! {
                biased;
                () = stopped(&mut stop) => return Some((CLOSE_GOING_AWAY, "server stops")),
                message = socket.recv() => match message {
                    Some(Ok(message)) => {
                        let answer = match self.hear(&message) {
                            Ok(answer) => answer,
                            Err(ending) => return ending,
                        };
                        // A page that was just called up does not wait for the next tick.
                        let Some(answer) = answer else { continue };
                        let frames = self.frames(Instant::now());
                        for frame in [answer].into_iter().chain(frames) {
                            if let Err(ending) = send(socket, frame).await {
                                return ending;
                            }
                        }
                    }
                    Some(Err(_)) | None => return None,
                },
                _ = tick.tick() => {
                    if self.app.desk.directory().epoch != self.epoch {
                        return Some((CLOSE_RESTART, "the directory changed"));
                    }
                    if self.heard.elapsed() > SILENCE_MAX {
                        return Some((CLOSE_TRY_LATER, "the window does not read"));
                    }
                    // Whoever signed out elsewhere looks no longer.
                    if Instant::now() >= self.beat
                        && routes::needed(&self.app, Needs::View, "", &self.visitor).is_err()
                    {
                        return Some((CLOSE_POLICY, "signed out"));
                    }
                    for frame in self.frames(Instant::now()) {
                        if let Err(ending) = send(socket, frame).await {
                            return ending;
                        }
                    }
                }
            }
        }
    }

    fn hear(&mut self, message: &Message) -> Result<Option<Vec<u8>>, Option<Ending>> {
        let now = Instant::now();
        if now.duration_since(self.rate.0) > Duration::from_secs(1) {
            self.rate = (now, 0);
        }
        self.rate.1 += 1;
        if self.rate.1 > MESSAGES_PER_S_MAX {
            return Err(Some((CLOSE_POLICY, "too many messages")));
        }
        let text = match message {
            Message::Text(text) => text,
            Message::Close(_) => return Err(None),
            // Pings are answered below; only the interface's own words count as life.
            Message::Ping(_) | Message::Pong(_) => return Ok(None),
            Message::Binary(_) => return Err(Some((CLOSE_POLICY, "binary not understood"))),
        };
        let Ok(said) = serde_json::from_str::<FromClient>(text) else {
            return Err(Some((CLOSE_POLICY, "not understood")));
        };
        match said {
            FromClient::Hello { events_since } => {
                self.events_seq = Some(events_since);
                Ok(None)
            }
            // Only what has been read counts as life: who asks and asks and never reads
            // holds memory as who is silent does.
            FromClient::Ack { seq } => {
                if seq > self.acked && seq <= self.seq {
                    self.acked = seq;
                    self.heard = now;
                }
                Ok(None)
            }
            FromClient::Unsub { id } => {
                self.subscriptions.remove(&id);
                Ok(None)
            }
            FromClient::Sub {
                id,
                tags,
                period_ms,
            } => self.subscribe(id, &tags, period_ms, now).map(Some),
        }
    }

    fn subscribe(
        &mut self,
        id: u32,
        tags: &[String],
        period_ms: u64,
        now: Instant,
    ) -> Result<Vec<u8>, Option<Ending>> {
        let names = self.app.names();
        let mut handles = Vec::with_capacity(tags.len());
        let mut unknown = Vec::new();
        for name in tags {
            match names.tag(name) {
                Some(tag) => handles.push(tag.handle),
                None => unknown.push(name.clone()),
            }
        }
        handles.sort_unstable();
        handles.dedup();
        let known = handles.len();
        let period = Duration::from_millis(period_ms.clamp(100, 60_000));
        // A tag that one page leaves and the next takes up stays known to the window.
        let before = self.subscriptions.get(&id);
        let kept = |handle: &u32| before.and_then(|before| before.of(*handle));
        let subscription = Subscription {
            sent: handles.iter().map(kept).collect(),
            handles,
            period,
            due: now,
        };
        self.subscriptions.insert(id, subscription);
        let total: usize = self.subscriptions.values().map(|s| s.handles.len()).sum();
        if self.subscriptions.len() > SUBSCRIPTIONS_MAX || total > TAGS_PER_SOCKET_MAX {
            return Err(Some((CLOSE_POLICY, "too many tags")));
        }
        Ok(frames::subscribed(id, known, &unknown))
    }

    fn frames(&mut self, now: Instant) -> Vec<Vec<u8>> {
        let mut out = Vec::new();
        let snapshot = self.app.desk.snapshot();
        let utc_ms = snapshot.utc_ns.div_euclid(1_000_000);
        let mut handles = Vec::new();
        let mut values = Vec::new();
        let mut qualities = Vec::new();
        for subscription in self.subscriptions.values_mut() {
            // Ticks come a little early or late; half a grain of that is none.
            if now + TICK / 2 < subscription.due {
                continue;
            }
            subscription.due = now + subscription.period;
            for (handle, sent) in subscription.handles.iter().zip(&mut subscription.sent) {
                let Some(cell) = usize::try_from(*handle)
                    .ok()
                    .and_then(|h| snapshot.cells.get(h))
                else {
                    continue;
                };
                let next = Some((cell.value.to_bits(), cell.quality));
                if *sent != next {
                    *sent = next;
                    handles.push(*handle);
                    values.push(cell.value);
                    qualities.push(cell.quality);
                }
            }
        }
        if !handles.is_empty() {
            self.seq += 1;
            out.push(frames::values(
                self.seq,
                snapshot.scan,
                utc_ms,
                &handles,
                &values,
                &qualities,
            ));
        }
        if let Some(since) = self.events_seq {
            let events = self.app.desk.events(since);
            if let Some(last) = events.last() {
                self.events_seq = Some(last.seq);
                out.push(frames::events(&events));
            }
        }
        // As with values: what differs from what was sent, so there is no queue.
        if self.events_seq.is_some() {
            let list = self.app.desk.alarms();
            if self.alarms.as_ref().is_none_or(|sent| sent.seq != list.seq) {
                let json = crate::alarms::change(self.alarms.as_deref(), &list);
                out.push(frames::alarms(&json));
                self.alarms = Some(list);
            }
        }
        if now >= self.beat {
            self.beat = now + HEARTBEAT;
            self.seq += 1;
            let now_ns = self.app.desk.now_utc_ns();
            // In the time of whoever looks: that of a simulation may go faster.
            let pace = self.app.desk.pace().max(1.0);
            let age_ms = (now_ns - snapshot.utc_ns) as f64 / 1e6 / pace;
            let now_ms = now_ns.div_euclid(1_000_000);
            let shown = self.app.shelf.revision();
            out.push(frames::heartbeat(
                self.seq,
                snapshot.scan,
                now_ms,
                age_ms,
                shown,
            ));
        }
        out
    }
}

async fn stopped(stop: &mut watch::Receiver<bool>) {
    let _ = stop.wait_for(|s| *s).await;
}

async fn send(socket: &mut WebSocket, frame: Vec<u8>) -> Result<(), Option<Ending>> {
    match timeout(SEND_MAX, socket.send(Message::Binary(frame.into()))).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(_)) | Err(_) => Err(None),
    }
}

//! The live socket: who may open it, what it sends, when it ends.

mod door;

use std::time::Duration;

use ciborium::Value;
use door::Door;
use futures_util::{SinkExt, StreamExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

const PATIENCE: Duration = Duration::from_secs(40);

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

async fn open(door: &Door, origin: &str, protocol: &str) -> Result<Socket, Error> {
    let mut request = format!("ws://{}/ws", door.addr).into_client_request()?;
    let headers = request.headers_mut();
    if !origin.is_empty() {
        headers.insert("origin", origin.parse().expect("a header"));
    }
    if !protocol.is_empty() {
        headers.insert(
            "sec-websocket-protocol",
            protocol.parse().expect("a header"),
        );
    }
    connect_async(request).await.map(|(socket, _)| socket)
}

async fn own(door: &Door) -> Socket {
    let origin = format!("http://{}", door.addr);
    open(door, &origin, "hmi.v1.cbor").await.expect("opens")
}

async fn say(socket: &mut Socket, text: &str) {
    socket.send(Message::text(text)).await.expect("sends");
}

/// The next frame of one of these kinds.
async fn next(socket: &mut Socket, kinds: &[i64]) -> Vec<Value> {
    let wait = async {
        loop {
            match socket.next().await {
                Some(Ok(Message::Binary(bytes))) => {
                    let value: Value = ciborium::from_reader(bytes.as_ref()).expect("CBOR");
                    let items = value.into_array().expect("an array");
                    let kind = items[0].as_integer().and_then(|i| i64::try_from(i).ok());
                    if kind.is_some_and(|k| kinds.contains(&k)) {
                        return items;
                    }
                }
                Some(Ok(_)) => {}
                other => panic!("the socket ended: {other:?}"),
            }
        }
    };
    timeout(PATIENCE, wait).await.expect("a frame comes")
}

fn handles(items: &[Value]) -> Vec<u16> {
    match &items[4] {
        Value::Tag(69, bytes) => {
            let bytes = bytes.as_bytes().expect("bytes");
            bytes
                .chunks(2)
                .map(|c| u16::from_le_bytes([c[0], c[1]]))
                .collect()
        }
        other => panic!("{other:?}"),
    }
}

async fn close_code(socket: &mut Socket) -> u16 {
    let wait = async {
        loop {
            match socket.next().await {
                Some(Ok(Message::Close(frame))) => return frame.map_or(0, |f| f.code.into()),
                Some(Ok(_)) => {}
                other => panic!("the socket ended without a close frame: {other:?}"),
            }
        }
    };
    timeout(PATIENCE, wait).await.expect("it closes")
}

#[tokio::test]
async fn another_sites_page_cannot_open_the_socket() {
    let door = Door::open().await;
    for (origin, protocol, status) in [
        ("http://evil.example", "hmi.v1.cbor", 403),
        ("null", "hmi.v1.cbor", 403),
        ("", "hmi.v1.cbor", 403),
        (&format!("http://{}", door.addr), "", 400),
        (&format!("http://{}", door.addr), "other", 400),
    ] {
        match open(&door, origin, protocol).await {
            Err(Error::Http(answer)) => {
                assert_eq!(answer.status().as_u16(), status, "{origin} {protocol}")
            }
            other => panic!("{origin} {protocol}: {other:?}"),
        }
    }
}

#[tokio::test]
async fn first_comes_everything_and_then_only_what_changed() {
    let door = Door::open().await;
    let mut socket = own(&door).await;
    next(&mut socket, &[0]).await;
    say(&mut socket, r#"{"t":"sub","id":1,"tags":["TIC-101.SP","TIC-101.KP","M-101.STATE","NO-SUCH.PV"],"period_ms":100}"#).await;
    let subscribed = next(&mut socket, &[6]).await;
    assert_eq!(subscribed[1], Value::from(1));
    assert_eq!(subscribed[2], Value::from(3));
    assert_eq!(subscribed[3], Value::Array(vec![Value::from("NO-SUCH.PV")]));
    let first = next(&mut socket, &[1]).await;
    assert_eq!(handles(&first).len(), 3);

    let body = door::command(&door.desk, "TIC-101.SP", "42.5");
    assert_eq!(door.post(&body).await.status, 200);
    door.desk.step(1);
    let second = next(&mut socket, &[1]).await;
    assert_eq!(handles(&second).len(), 1, "only the setpoint changed");
    assert!(
        second[1].as_integer() > first[1].as_integer(),
        "sequence numbers grow"
    );
    let wanted = 42.5f32.to_le_bytes().to_vec();
    assert_eq!(second[5], Value::Tag(85, Box::new(Value::Bytes(wanted))));
}

#[tokio::test]
async fn many_scans_between_two_frames_become_one_frame_with_the_newest_value() {
    let door = Door::open().await;
    let mut socket = own(&door).await;
    say(
        &mut socket,
        r#"{"t":"sub","id":1,"tags":["DOSE.TOTAL"],"period_ms":60000}"#,
    )
    .await;
    next(&mut socket, &[1]).await;
    door.desk.step(500);
    // A new subscription is due at once, and gets where things stand now.
    say(
        &mut socket,
        r#"{"t":"sub","id":2,"tags":["DOSE.TOTAL"],"period_ms":60000}"#,
    )
    .await;
    let frame = next(&mut socket, &[1]).await;
    let newest = (door.desk.value("DOSE.TOTAL") as f32)
        .to_le_bytes()
        .to_vec();
    assert_eq!(frame[5], Value::Tag(85, Box::new(Value::Bytes(newest))));
}

#[tokio::test]
async fn a_tag_subscribed_again_is_sent_again() {
    let door = Door::open().await;
    let mut socket = own(&door).await;
    let sub = |tags: &str| format!(r#"{{"t":"sub","id":1,"tags":[{tags}],"period_ms":100}}"#);
    say(&mut socket, &sub(r#""TIC-101.SP""#)).await;
    next(&mut socket, &[1]).await;
    say(&mut socket, &sub("")).await;
    next(&mut socket, &[6]).await;
    say(&mut socket, &sub(r#""TIC-101.SP""#)).await;
    assert_eq!(handles(&next(&mut socket, &[1]).await).len(), 1);
}

#[tokio::test]
async fn events_are_sent_once_each_from_where_the_window_left_off() {
    let door = Door::open().await;
    let mut socket = own(&door).await;
    say(&mut socket, r#"{"t":"hello","events_since":1}"#).await;
    let body = door::command(&door.desk, "TIC-101.SP", "42.5");
    assert_eq!(door.post(&body).await.status, 200);
    let frame = next(&mut socket, &[4]).await;
    let list = frame[1].as_array().expect("a list");
    assert_eq!(list.len(), 1);
    let text = list[0]
        .as_map()
        .and_then(|m| m.iter().find(|(k, _)| k.as_text() == Some("en")));
    assert!(
        text.and_then(|(_, v)| v.as_text())
            .is_some_and(|t| t.contains("42.5"))
    );
}

#[tokio::test]
async fn the_heartbeat_tells_how_old_the_image_is() {
    let door = Door::open().await;
    door.desk.hang(4_000);
    let mut socket = own(&door).await;
    let beat = next(&mut socket, &[5]).await;
    assert_eq!(beat[4], Value::Float(4_000.0));
}

#[tokio::test]
async fn a_window_that_stops_reading_is_put_out() {
    let door = Door::open().await;
    let mut socket = own(&door).await;
    say(&mut socket, r#"{"t":"hello"}"#).await;
    // It never acknowledges anything.
    assert_eq!(close_code(&mut socket).await, 1013);
}

#[tokio::test]
async fn a_window_that_asks_on_and_on_and_reads_nothing_is_put_out() {
    let door = Door::open().await;
    let mut socket = own(&door).await;
    say(&mut socket, r#"{"t":"hello"}"#).await;
    let subscription = r#"{"t":"sub","id":1,"tags":["TT-101.PV"],"period_ms":100}"#;
    // An old acknowledgement, and one of what was never sent, are none.
    let acks = [r#"{"t":"ack","seq":0}"#, r#"{"t":"ack","seq":99999999}"#];
    for _ in 0..100 {
        for words in [subscription, acks[0], acks[1]] {
            // It may be closed by now.
            let _ = socket.send(Message::text(words)).await;
        }
        if let Ok(code) = timeout(Duration::from_millis(250), close_code(&mut socket)).await {
            assert_eq!(code, 1013);
            return;
        }
    }
    panic!("it is still there");
}

#[tokio::test]
async fn what_is_not_understood_ends_the_connection() {
    let door = Door::open().await;
    for text in [
        "{",
        r#"{"t":"write","tag":"TIC-101.SP","value":1}"#,
        r#"{"t":"sub","id":1}"#,
    ] {
        let mut socket = own(&door).await;
        say(&mut socket, text).await;
        assert_eq!(close_code(&mut socket).await, 1008, "{text}");
    }
    let mut socket = own(&door).await;
    let tags: Vec<String> = (0..200).map(|i| format!("\"X-{i}\"")).collect();
    for id in 0..=hmi::SUBSCRIPTIONS_MAX {
        let text = format!(
            r#"{{"t":"sub","id":{id},"tags":[{}],"period_ms":100}}"#,
            tags.join(",")
        );
        if socket.send(Message::text(text)).await.is_err() {
            break;
        }
    }
    assert_eq!(close_code(&mut socket).await, 1008);
}

#[tokio::test]
async fn a_new_directory_ends_the_connection_so_that_the_window_starts_again() {
    let door = Door::open().await;
    let mut socket = own(&door).await;
    next(&mut socket, &[0]).await;
    door.desk.new_edition();
    assert_eq!(close_code(&mut socket).await, 1012);
}

#[tokio::test]
async fn the_stop_of_the_server_is_said_to_every_window() {
    let door = Door::open().await;
    let mut socket = own(&door).await;
    next(&mut socket, &[0]).await;
    door.stop.send(true).expect("the server listens");
    assert_eq!(close_code(&mut socket).await, 1001);
}

#[tokio::test]
async fn more_sockets_than_the_limit_are_turned_away() {
    let door = Door::open().await;
    let mut held = Vec::new();
    for _ in 0..hmi::SOCKETS_MAX {
        held.push(own(&door).await);
    }
    let origin = format!("http://{}", door.addr);
    match open(&door, &origin, "hmi.v1.cbor").await {
        Err(Error::Http(answer)) => assert_eq!(answer.status().as_u16(), 503),
        other => panic!("{other:?}"),
    }
}

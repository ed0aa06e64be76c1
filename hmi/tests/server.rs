//! Listening, plain answers, displays, vendored files.

mod door;

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use ciborium::Value;
use door::Door;
use hmi::fake::{FakeDesk, RECEIPT_TOKEN};
use hmi::{Desk, Display, ServeError};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::sync::watch;
use tokio::time::timeout;

/// Longer than any wait that ends by itself.
const PATIENCE: Duration = Duration::from_secs(40);

fn desk() -> Arc<dyn Desk> {
    Arc::new(FakeDesk::new(1_700_000_000_000, 1))
}

#[tokio::test]
async fn an_address_that_others_can_reach_is_refused() {
    let (_stop, stopped) = watch::channel(false);
    for addr in ["0.0.0.0:0", "192.0.2.1:80", "[::]:0"] {
        let addr: SocketAddr = addr.parse().expect("an address");
        let result = hmi::serve(addr, desk(), Vec::new(), stopped.clone()).await;
        assert!(matches!(result, Err(ServeError::NotLoopback { addr: a }) if a == addr));
    }
}

#[tokio::test]
async fn a_taken_port_is_an_error_that_names_it() {
    let door = Door::open().await;
    let (_stop, stopped) = watch::channel(false);
    let result = hmi::serve(door.addr, desk(), Vec::new(), stopped).await;
    let message = result.err().map(|e| e.to_string()).unwrap_or_default();
    assert!(message.contains(&door.addr.to_string()), "{message}");
}

#[tokio::test]
async fn the_displays_of_the_plant_are_served_without_a_warning() {
    let door = Door::open().await;
    assert_eq!(door.warnings, Vec::<String>::new());
    let answer = door.get("/api/v1/display/r101").await;
    assert_eq!(answer.status, 200);
    assert!(
        answer
            .head
            .to_lowercase()
            .contains("content-type: image/svg+xml")
    );
    assert!(answer.bytes.starts_with(b"<svg "));
    assert_eq!(door.get("/api/v1/display/none").await.status, 404);
}

#[tokio::test]
async fn every_tag_that_the_display_names_is_in_the_directory() {
    let door = Door::open().await;
    let directory = door.get("/api/v1/directory").await.json;
    let list = |key: &str, field: &str| -> BTreeSet<String> {
        let items = directory[key].as_array().expect("a list");
        items
            .iter()
            .filter_map(|t| t[field].as_str().map(str::to_owned))
            .collect()
    };
    let (tags, loops) = (list("tags", "name"), list("loops", "name"));
    let svg = String::from_utf8(door.get("/api/v1/display/r101").await.bytes).expect("text");
    let mut named = 0;
    for attribute in ["data-tag=\"", "data-v=\"", "data-h=\"", "data-state=\""] {
        for rest in svg.split(attribute).skip(1) {
            let name = rest.split(['"', ' ']).next().unwrap_or_default();
            let pins = [".CMD", ".STATE"].map(|pin| format!("{name}{pin}"));
            let known = tags.contains(name)
                || loops.contains(name)
                || pins.iter().any(|p| tags.contains(p));
            // A restriction orifice measures nothing.
            assert!(known || name == "FO-101", "{name}");
            named += 1;
        }
    }
    assert!(named > 40);
    for set in directory["displays"][0]["trend_sets"]
        .as_array()
        .expect("a list")
    {
        for pen in set["pens"].as_array().expect("a list") {
            assert!(tags.contains(pen.as_str().unwrap_or_default()), "{pen}");
        }
    }
}

#[tokio::test]
async fn an_unusable_display_stops_the_start_and_says_why() {
    let (_stop, stopped) = watch::channel(false);
    let sidecar = "title = {en='a', zh='b'}\nshort = {en='a', zh='b'}\nlevel = 2\n";
    let display = |id: &str, svg: &str, toml: &str| Display {
        id: id.into(),
        svg: svg.into(),
        toml: toml.into(),
    };
    let cases = [
        (vec![display("../x", "<svg/>", sidecar)], "identifier"),
        (vec![display("a", "<svg>", sidecar)], "drawing"),
        (vec![display("a", "<svg/>", "level = 'two'")], "sidecar"),
        (
            vec![display("a", "<svg/>", &format!("{sidecar}colour = 'red'"))],
            "sidecar",
        ),
        (
            vec![
                display("a", "<svg/>", sidecar),
                display("a", "<svg/>", sidecar),
            ],
            "twice",
        ),
    ];
    for (displays, word) in cases {
        let any: SocketAddr = ([127, 0, 0, 1], 0).into();
        let result = hmi::serve(any, desk(), displays, stopped.clone()).await;
        let message = result.err().map(|e| e.to_string()).unwrap_or_default();
        assert!(message.contains(word), "{word}: {message}");
    }
}

#[tokio::test]
async fn a_trend_comes_as_typed_arrays_with_a_gap_where_the_signal_was_bad() {
    let door = Door::open().await;
    // The make-believe vapour sensor fails from second 240 to 270 of its life.
    door.desk.step(2_500);
    let to = door.now_ms();
    let path = format!(
        "/api/v1/trend?tags=TT-104.PV,NO-SUCH.PV&from_ms={}&to_ms={to}&buckets=31",
        to - 310_000
    );
    let answer = door.get(&path).await;
    assert_eq!(answer.status, 200);
    let value: Value = ciborium::from_reader(answer.bytes.as_slice()).expect("CBOR");
    let field = |v: &Value, key: &str| -> Value {
        let map = v.as_map().expect("a map");
        let found = map.iter().find(|(k, _)| k.as_text() == Some(key));
        found.map(|(_, v)| v.clone()).expect("the field")
    };
    let series = field(&value, "series").as_array().expect("a list").clone();
    assert_eq!(series.len(), 1, "an unknown tag is left out");
    let array = |key: &str| match field(&series[0], key) {
        Value::Tag(_, bytes) => bytes.as_bytes().expect("bytes").clone(),
        other => panic!("{other:?}"),
    };
    let mark = array("mark");
    assert_eq!(mark.len(), 31);
    assert!(mark.contains(&2) && mark.contains(&0), "{mark:?}");
    let last: Vec<f32> = array("last")
        .chunks(4)
        .map(|c| f32::from_le_bytes([c[0], c[1], c[2], c[3]]))
        .collect();
    assert!(
        mark.iter()
            .zip(&last)
            .filter(|(m, _)| **m == 0)
            .all(|(_, v)| v.is_finite())
    );
}

#[tokio::test]
async fn an_unreasonable_trend_question_is_refused() {
    let door = Door::open().await;
    for query in [
        "tags=&from_ms=0&to_ms=1&buckets=1",
        "tags=A&from_ms=1&to_ms=1&buckets=1",
        "tags=A&from_ms=-9223372036854775808&to_ms=9223372036854775807&buckets=1",
        "tags=A&from_ms=0&to_ms=1&buckets=0",
        "tags=A&from_ms=0&to_ms=1&buckets=1000000000",
        "tags=1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17&from_ms=0&to_ms=1&buckets=1",
    ] {
        assert_eq!(
            door.get(&format!("/api/v1/trend?{query}")).await.status,
            422,
            "{query}"
        );
    }
    assert_eq!(door.get("/api/v1/trend?tags=A").await.status, 400);
}

#[tokio::test]
async fn plain_questions_are_answered_in_json() {
    let door = Door::open().await;
    assert_eq!(door.get("/api/v1/health").await.json["scanning"], true);
    door.desk.hang(10_000);
    assert_eq!(door.get("/api/v1/health").await.json["scanning"], false);
    assert_eq!(
        door.get("/api/v1/timing").await.json[0]["stages"][0]["name"],
        "scan"
    );
    assert_eq!(door.get("/api/v1/drivers").await.json[0]["link"], "healthy");
    assert!(door.get("/api/v1/forces").await.json.is_array());
    assert_eq!(door.get("/api/v1/events").await.json[0]["seq"], 1);
    assert_eq!(
        door.get("/api/v1/events?since=1").await.json,
        serde_json::json!([])
    );
    assert_eq!(door.get("/api/v1/directory").await.json["env"], "SIM");
}

#[tokio::test]
async fn an_asset_is_sent_once_and_then_confirmed() {
    let door = Door::open().await;
    let first = door.get("/assets/main.js").await;
    assert_eq!(first.status, 200);
    let tag = first
        .head
        .lines()
        .find_map(|l| l.strip_prefix("etag: "))
        .expect("an entity tag");
    let again = door
        .request(
            "GET",
            "/assets/main.js",
            &[format!("If-None-Match: {tag}")],
            "",
        )
        .await;
    assert_eq!((again.status, again.bytes.len()), (304, 0));
}

#[tokio::test]
async fn a_peer_that_never_finishes_its_header_is_put_out() {
    let door = Door::open().await;
    let mut stream = TcpStream::connect(door.addr).await.expect("connects");
    stream
        .write_all(b"GET / HTTP/1.1\r\nHost: ")
        .await
        .expect("writes");
    let mut rest = Vec::new();
    let ended = timeout(PATIENCE, stream.read_to_end(&mut rest)).await;
    assert!(ended.is_ok(), "the server closes the connection by itself");
}

#[tokio::test]
async fn a_peer_that_says_nothing_at_all_is_put_out() {
    let door = Door::open().await;
    let mut stream = TcpStream::connect(door.addr).await.expect("connects");
    let mut rest = Vec::new();
    let ended = timeout(PATIENCE, stream.read_to_end(&mut rest)).await;
    assert!(ended.is_ok(), "the server closes the connection by itself");
}

/// A connection from an address of this machine's own network.
async fn from(address: [u8; 4], door: &Door) -> TcpStream {
    let socket = TcpSocket::new_v4().expect("a socket");
    let here = SocketAddr::from((address, 0));
    socket.bind(here).expect("an address of this machine");
    socket.connect(door.addr).await.expect("connects")
}

/// Whether the server closes a connection at once and without an answer.
async fn is_turned_away(mut stream: TcpStream) -> bool {
    let mut nothing = Vec::new();
    let ended = timeout(PATIENCE, stream.read_to_end(&mut nothing)).await;
    ended.is_ok() && nothing.is_empty()
}

/// Whether a question is answered.
async fn is_served(mut stream: TcpStream, door: &Door) -> bool {
    let request = format!(
        "GET /api/v1/health HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n",
        door.addr
    );
    let _ = stream.write_all(request.as_bytes()).await;
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    answer.starts_with(b"HTTP/1.1 200")
}

const ONE: [u8; 4] = [127, 0, 0, 1];
const OTHER: [u8; 4] = [127, 0, 0, 2];
const THIRD: [u8; 4] = [127, 0, 0, 3];

#[tokio::test]
async fn one_address_cannot_keep_the_others_out() {
    let door = Door::open().await;
    let mut held = Vec::new();
    for _ in 0..hmi::CONNECTIONS_PER_ADDRESS_MAX {
        held.push(from(ONE, &door).await);
    }
    assert!(is_turned_away(from(ONE, &door).await).await);
    assert!(is_served(from(OTHER, &door).await, &door).await);
    held.clear();
    let served = timeout(PATIENCE, async {
        while !is_served(from(ONE, &door).await, &door).await {
            tokio::task::yield_now().await;
        }
    });
    assert!(served.await.is_ok(), "a place came back");
}

#[tokio::test]
async fn more_connections_than_the_limit_are_turned_away_and_places_come_back() {
    let door = Door::open().await;
    let mut held = Vec::new();
    for number in 0..hmi::CONNECTIONS_MAX {
        let address = if number % 2 == 0 { ONE } else { OTHER };
        held.push(from(address, &door).await);
    }
    assert!(is_turned_away(from(THIRD, &door).await).await);
    drop(held);
    let served = timeout(PATIENCE, async {
        while !is_served(from(THIRD, &door).await, &door).await {
            tokio::task::yield_now().await;
        }
    });
    assert!(served.await.is_ok(), "a place came back");
}

#[tokio::test]
async fn a_body_that_never_ends_is_put_out_and_a_slow_one_within_the_time_is_taken() {
    let door = Door::open().await;
    let head = |length: usize| {
        format!(
            "POST /api/v1/cmd HTTP/1.1\r\nHost: {0}\r\nOrigin: http://{0}\r\nX-HMI: 1\r\n\
             Content-Type: application/json\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n",
            door.addr
        )
    };
    let endless = TcpStream::connect(door.addr).await.expect("connects");
    let (mut heard, mut endless) = endless.into_split();
    let mut slow = TcpStream::connect(door.addr).await.expect("connects");
    let body = b"{\"id\":\"slow\"}";
    let begun = Instant::now();
    endless.write_all(head(100).as_bytes()).await.expect("sent");
    slow.write_all(head(body.len()).as_bytes())
        .await
        .expect("sent");
    // A byte now and then: each is progress, and the whole is too slow.
    let mut answer = Vec::new();
    let dripped = timeout(PATIENCE, async {
        let reading = heard.read_to_end(&mut answer);
        tokio::pin!(reading);
        let mut pause = tokio::time::interval(Duration::from_millis(250));
        let mut number = 0;
        loop {
            tokio::select! {
                _ = &mut reading => return,
                _ = pause.tick() => {
                    let _ = endless.write_all(b" ").await;
                    if let Some(byte) = body.get(number) {
                        slow.write_all(&[*byte]).await.expect("sent");
                    }
                    number += 1;
                }
            }
        }
    });
    assert!(dripped.await.is_ok(), "put out");
    assert!(
        begun.elapsed() >= Duration::from_secs(5),
        "it had some time"
    );
    // The reset for what was never read may overtake the answer.
    let answer = String::from_utf8_lossy(&answer);
    let is_told = answer.starts_with("HTTP/1.1 408");
    assert!(is_told || answer.is_empty(), "{answer}");
    let mut taken = String::new();
    slow.read_to_string(&mut taken).await.expect("an answer");
    assert!(
        taken.contains("malformed"),
        "it was read to its end: {taken}"
    );
}

#[tokio::test]
async fn after_the_stop_the_port_is_free() {
    let mut door = Door::open().await;
    door.stop.send(true).expect("the server listens");
    let serving = door.serving.take().expect("running");
    timeout(PATIENCE, serving.stopped())
        .await
        .expect("it stops");
    assert!(TcpStream::connect(door.addr).await.is_err());
}

#[test]
fn pages_hold_no_inline_script_or_style_and_no_foreign_address() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/web");
    let mut checked = 0;
    let mut folders = vec![std::path::PathBuf::from(folder)];
    while let Some(next) = folders.pop() {
        for entry in std::fs::read_dir(&next).expect("readable") {
            let path = entry.expect("readable").path();
            if path.is_dir() {
                if path.file_name().is_none_or(|n| n != "vendor") {
                    folders.push(path);
                }
                continue;
            }
            let text = std::fs::read_to_string(&path).expect("text");
            for word in [
                "innerHTML",
                "outerHTML",
                "insertAdjacentHTML",
                "document.write",
                "eval(",
                "style=\"",
                "https://",
            ] {
                assert!(!text.contains(word), "{path:?}: {word}");
            }
            checked += 1;
        }
    }
    assert!(checked > 20);
}

#[tokio::test]
async fn the_link_of_a_message_asks_and_only_its_own_form_or_a_program_gives_the_receipt() {
    let door = Door::open().await;
    let link = format!("/receipt/{RECEIPT_TOKEN}");
    // From a page where mail is read.
    let elsewhere = ["Sec-Fetch-Site: cross-site".to_owned()];
    let page = door.request("GET", &link, &elsewhere, "").await;
    assert_eq!(page.status, 200);
    let text = String::from_utf8(page.bytes).expect("text");
    assert!(
        text.contains(RECEIPT_TOKEN) && text.contains("已阅"),
        "{text}"
    );
    let hostile = door.get("/receipt/%22%3E%3Cscript%3E").await;
    assert_eq!(hostile.status, 404);

    let form = format!("token={RECEIPT_TOKEN}");
    let send = async |site: &str, body: &str| {
        let headers = [
            "Content-Type: application/x-www-form-urlencoded".to_owned(),
            format!("Sec-Fetch-Site: {site}"),
            "Origin: null".to_owned(),
        ];
        let path = "/api/v1/receipt";
        door.request("POST", path, &headers, body).await.status
    };
    for site in ["cross-site", "same-site", "none"] {
        assert_eq!(send(site, &form).await, 403, "{site}");
    }
    assert_eq!(send("same-origin", "token=").await, 400);
    assert_eq!(send("same-origin", "token=0000").await, 403);
    assert_eq!(send("same-origin", &form).await, 200);
    let json = format!(r#"{{"token":"{RECEIPT_TOKEN}"}}"#);
    let answer = door.post_to("/api/v1/receipt", &json).await;
    assert_eq!(
        (answer.status, &answer.json["alarms"][0]),
        (200, &"TAH-101".into())
    );
}

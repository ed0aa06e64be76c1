//! People at the door, over real sockets, with a real desk behind it: who may do what,
//! and that each refusal is recorded.

mod door;

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Instant;

use door::{Answer, Caller, uuid};
use gateway::desk::{Environment, Receipt};
use gateway::{Areas, Ask, Counter, History, Hub};
use hmi::desk::{Action, Attempt, SignatureClass};
use hmi::fake::FakeDesk;
use hmi::routes::{Needs, ROUTES};
use hmi::{Desk, Serving};
use people::rights::Role;
use people::user::{Grant, Qualification};
use people::{Cost, LocalPasswords, Now, Office, Register, Rules, Secret};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::watch;

const NOW_MS: i64 = 1_700_000_000_000;
const GOOD: &str = "seven green kettles";
/// What a tag may ask for.
const OF_A_TAG: [Action; 6] = [
    Action::Operate,
    Action::Mode,
    Action::Reset,
    Action::Tune,
    Action::Limit,
    Action::Bypass,
];

/// What the clerk has written down: actor, what, subject, reason.
type Records = Arc<Mutex<Vec<(String, String, String, String)>>>;

struct Hall {
    caller: Caller,
    records: Records,
    wallboard: String,
    /// For each right that a tag may ask for, such a tag and its value.
    of_rights: Vec<(Action, String, f64)>,
    ended: Arc<AtomicBool>,
    _stop: watch::Sender<bool>,
    serving: Serving,
}

impl Drop for Hall {
    fn drop(&mut self) {
        self.ended.store(true, Ordering::Release);
    }
}

fn register(rules: &Rules) -> (Register, String) {
    let mut register = Register::default();
    let people = [
        ("li", "shift-lead", None),
        ("wang", "shift-lead", None),
        ("op", "operator", None),
        ("u100", "operator", Some("U100")),
        ("eng", "process-engineer", None),
        ("root", "administrator", None),
        ("late", "qualified", None),
    ];
    // And one for each right, who has no other.
    let single = Action::ALL.map(|action| (action.word(), action.word(), None));
    for (name, role, area) in people.into_iter().chain(single) {
        register
            .add("test", name, &format!("Name of {name}"), 0)
            .expect("new");
        let grant = Grant {
            role: role.into(),
            areas: area.map(|area| vec![area.into()]),
        };
        register
            .grant(rules, "test", name, grant, 0)
            .expect("a role");
        // By themselves and just now: nothing is due.
        let secret = Secret::new(GOOD);
        let utc_ns = NOW_MS * 1_000_000;
        register
            .set_password(rules, name, name, &secret, utc_ns)
            .expect("good");
    }
    // Over since a millisecond.
    let over = Qualification {
        name: "r101".into(),
        until_utc_ns: (NOW_MS - 1) * 1_000_000,
    };
    register.qualify("test", "late", over, 0).expect("known");
    register.unrecorded.clear();
    let board = register.add_wallboard("test", "hall", 0).expect("random");
    (register, board.text().to_owned())
}

async fn hall(env: Environment) -> Hall {
    let mut rules = Rules::default();
    rules.policy.cost = Cost {
        memory_kib: 8,
        passes: 1,
        lanes: 1,
    };
    let mut qualified = rules.roles["operator"].clone();
    qualified.qualification = Some("r101".into());
    rules.roles.insert("qualified".into(), qualified);
    for action in Action::ALL {
        let role = Role {
            name: action.word().into(),
            actions: [action].into(),
            ..Role::default()
        };
        rules.roles.insert(role.name.clone(), role);
    }
    let (register, wallboard) = register(&rules);
    let now = Now {
        utc_ns: NOW_MS * 1_000_000,
        mono_ns: 0,
    };
    let identity = LocalPasswords::new(rules.policy.cost).expect("hashes");
    let office = Office::in_memory(rules, Box::new(identity), register, now);
    let (hub, intake) = Hub::new(|| NOW_MS * 1_000_000);
    let areas = [("UA-01", "U100"), ("UA-02", "U100"), ("UA-21", "U200")];
    let areas = Areas {
        alarms: areas
            .map(|(alarm, area)| (alarm.into(), area.into()))
            .into(),
        ..Areas::default()
    };
    let own = office.rules();
    hub.set_counter(Counter::new(office, env, Instant::now()));
    hub.set_rules(own, areas);
    // Names and values of the make-believe plant, as the desk of a station has them.
    let fake = FakeDesk::new(NOW_MS, 60);
    let mut directory = (*fake.directory()).clone();
    directory.env = env;
    for tag in &mut directory.tags {
        let class = match tag.name.as_str() {
            "TIC-101.KP" => SignatureClass::Reason,
            "TIC-101.MODE" => SignatureClass::Second,
            _ => continue,
        };
        if let Some(writable) = &mut tag.writable {
            writable.signature = class;
        }
    }
    // One tag for each right that a tag may ask for.
    let values = fake.snapshot();
    let others = directory.tags.iter_mut().zip(&values.cells).rev();
    let others =
        others.filter_map(|(tag, cell)| Some((&tag.name, tag.writable.as_mut()?, cell.value)));
    let mut of_rights = Vec::new();
    for ((name, writable, value), action) in others.zip(OF_A_TAG) {
        writable.action = action;
        of_rights.push((action, name.clone(), value));
    }
    let count = directory.tags.len();
    let edition = directory.edition.number;
    hub.set_directory(
        directory,
        vec![true; count],
        History::new(count, 10, 1_000_000_000),
    );
    hub.set_snapshot(edition, (*fake.snapshot()).clone());

    let records = Records::default();
    let ended = Arc::new(AtomicBool::new(false));
    // Deeds are taken; nobody keeps alarms, so questions about them are answered at once.
    let deeds = intake.alarms.deeds.clone();
    drop(intake.alarms);
    let (kept, stop_clerk) = (Arc::clone(&records), Arc::clone(&ended));
    std::thread::spawn(move || {
        let put = |actor: &str, what: &str, subject: &str, why: &str| {
            let row = (actor.into(), what.into(), subject.into(), why.into());
            kept.lock().expect("whole").push(row);
        };
        let patience = std::time::Duration::from_millis(20);
        while !stop_clerk.load(Ordering::Acquire) {
            // A refusal is on its way before its answer: it is written down first.
            for attempt in intake.attempts.try_iter() {
                let Attempt {
                    actor,
                    tag,
                    refusal,
                    ..
                } = attempt;
                put(&actor, "refused", &tag.unwrap_or_default(), &refusal.en);
            }
            for order in deeds.try_iter() {
                let command = order.command;
                let alarms = command.alarms.join(" ");
                put(&command.actor, "alarm", &alarms, &command.reason);
                let _ = order.answer.send(Ok(receipt(command.id)));
            }
            let Ok(order) = intake.orders.recv_timeout(patience) else {
                continue;
            };
            let what = match &order.ask {
                Ask::Note { what } => what.as_str(),
                Ask::Write { .. } => "write",
                Ask::Force { .. } => "force",
                _ => "other",
            };
            let mut why = order.reason.clone();
            for signature in &order.signatures {
                why += &format!(" [{signature}]");
            }
            put(&order.actor, what, &order.subject, &why);
            let _ = order.answer.send(Ok(receipt(order.id.clone())));
        }
    });

    let (stop, stopped) = watch::channel(false);
    let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let desk = hub as Arc<dyn Desk>;
    let serving = hmi::serve(any, desk, Vec::new(), stopped)
        .await
        .expect("serves");
    Hall {
        caller: Caller::new(serving.addr),
        records,
        wallboard,
        of_rights,
        ended,
        _stop: stop,
        serving,
    }
}

impl Hall {
    /// Posts as the page does, with a cookie; the answer.
    async fn post(&self, cookie: &str, path: &str, body: &str) -> Answer {
        let mut headers = self.caller.page_headers();
        if !cookie.is_empty() {
            headers.push(format!("Cookie: {cookie}"));
        }
        self.caller.request("POST", path, &headers, body).await
    }

    async fn get(&self, cookie: &str, path: &str) -> Answer {
        let headers = [format!("Cookie: {cookie}")];
        self.caller.request("GET", path, &headers, "").await
    }

    /// Signs in and gives the cookie.
    async fn sign_in(&self, name: &str) -> String {
        let body = format!(r#"{{"user":"{name}","password":"{GOOD}"}}"#);
        let answer = self.post("", "/api/v1/login", &body).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        assert_eq!(answer.json["user"], name);
        cookie_of(&answer).expect("a cookie")
    }

    /// The last record, once it is there.
    async fn last_record(&self) -> (String, String, String, String) {
        let before = Instant::now();
        loop {
            let last = self.records.lock().expect("whole").last().cloned();
            if let Some(last) = last.filter(|r| r.1 == "refused") {
                return last;
            }
            assert!(before.elapsed().as_secs() < 10, "nothing was recorded");
            tokio::task::yield_now().await;
        }
    }

    /// A refusal with this code, recorded under this name.
    async fn refused(&self, answer: Answer, code: &str, actor: &str) {
        assert_eq!(answer.json["code"], code, "{answer:?}");
        let record = self.last_record().await;
        assert_eq!((record.0.as_str(), record.1.as_str()), (actor, "refused"));
        self.records.lock().expect("whole").clear();
    }
}

fn receipt(id: String) -> Receipt {
    Receipt {
        id,
        utc_ns: 0,
        scan: None,
    }
}

fn cookie_of(answer: &Answer) -> Option<String> {
    let line = answer
        .head
        .lines()
        .find(|l| l.to_lowercase().starts_with("set-cookie:"))?;
    let cookie = line.split_once(": ")?.1;
    assert!(
        cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict"),
        "{cookie}"
    );
    Some(cookie.split(';').next()?.to_owned())
}

fn write(tag: &str, value: &str, more: &str) -> String {
    format!(
        r#"{{"id":"{}","tag":"{tag}","value":{value},"seen_value":null,"seen_ms":{NOW_MS}{more}}}"#,
        uuid()
    )
}

const CMD: &str = "/api/v1/cmd";
const ACT: &str = "/api/v1/alarms/act";

#[tokio::test]
async fn an_open_simulation_takes_commands_without_a_sign_in_under_its_own_name() {
    let hall = hall(Environment::Simulation).await;
    let answer = hall.post("", CMD, &write("TIC-101.SP", "45.0", "")).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let records = hall.records.lock().expect("whole").clone();
    assert_eq!(records[0].0, "operator (simulation)");
    let session = hall.get("", "/api/v1/session").await.json;
    assert_eq!(
        (&session["open"], &session["user"]),
        (&true.into(), &serde_json::Value::Null)
    );
}

#[tokio::test]
async fn in_the_plant_nobody_commands_without_a_sign_in() {
    let hall = hall(Environment::Live).await;
    let answer = hall.post("", CMD, &write("TIC-101.SP", "45.0", "")).await;
    assert_eq!(answer.status, 401);
    hall.refused(answer, "sign_in_needed", "nobody at 127.0.0.1")
        .await;
    // To look is free on this machine.
    assert_eq!(hall.get("", "/api/v1/directory").await.status, 200);
}

#[tokio::test]
async fn a_signed_in_operator_commands_under_their_name_until_they_sign_out() {
    let hall = hall(Environment::Live).await;
    let cookie = hall.sign_in("op").await;
    let answer = hall
        .post(&cookie, CMD, &write("TIC-101.SP", "45.0", ""))
        .await;
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(hall.post(&cookie, "/api/v1/logout", "{}").await.status, 200);
    let records = hall.records.lock().expect("whole").clone();
    let whats: Vec<(&str, &str)> = records
        .iter()
        .map(|r| (r.0.as_str(), r.1.as_str()))
        .collect();
    assert_eq!(
        whats,
        [("op", "sign-in"), ("op", "write"), ("op", "sign-out")]
    );
    let answer = hall
        .post(&cookie, CMD, &write("TIC-101.SP", "46.0", ""))
        .await;
    hall.refused(answer, "sign_in_needed", "nobody at 127.0.0.1")
        .await;
}

#[tokio::test]
async fn a_wrong_password_and_an_unknown_user_are_told_alike_and_recorded_apart() {
    let hall = hall(Environment::Live).await;
    let mut told = Vec::new();
    for (name, recorded) in [("op", "wrong password"), ("nobody", "unknown user")] {
        let body = format!(r#"{{"user":"{name}","password":"wrong"}}"#);
        let answer = hall.post("", "/api/v1/login", &body).await;
        assert_eq!(answer.status, 401);
        assert!(cookie_of(&answer).is_none());
        told.push(answer.json.clone());
        let record = hall.last_record().await;
        assert_eq!((record.0.as_str(), record.3.as_str()), (name, recorded));
        hall.records.lock().expect("whole").clear();
    }
    assert_eq!(told[0], told[1]);
}

#[tokio::test]
async fn a_locked_user_and_an_expired_qualification_are_refused_and_recorded_with_the_reason() {
    let hall = hall(Environment::Live).await;
    let login = |password: &str| format!(r#"{{"user":"op","password":"{password}"}}"#);
    for _ in 0..5 {
        let answer = hall.post("", "/api/v1/login", &login("wrong")).await;
        hall.refused(answer, "not_proved", "op").await;
    }
    // Even the right password; the page does not say why, the record does.
    let answer = hall.post("", "/api/v1/login", &login(GOOD)).await;
    assert_eq!(answer.status, 401);
    let record = hall.last_record().await;
    assert_eq!(record.0, "op");
    assert!(
        record.3.contains("locked after too many failures"),
        "{record:?}"
    );
    hall.records.lock().expect("whole").clear();

    let late = hall.sign_in("late").await;
    hall.records.lock().expect("whole").clear();
    let answer = hall
        .post(&late, CMD, &write("TIC-101.SP", "45.0", ""))
        .await;
    assert_eq!(answer.status, 403);
    let record = hall.last_record().await;
    assert_eq!((record.0.as_str(), record.1.as_str()), ("late", "refused"));
    assert!(record.3.contains("r101"), "{record:?}");
}

#[tokio::test]
async fn a_wrong_role_an_administrator_and_a_wallboard_are_refused_and_recorded() {
    let hall = hall(Environment::Live).await;
    for name in ["eng", "root"] {
        let cookie = hall.sign_in(name).await;
        hall.records.lock().expect("whole").clear();
        let answer = hall
            .post(&cookie, CMD, &write("TIC-101.SP", "45.0", ""))
            .await;
        assert_eq!(answer.status, 403);
        hall.refused(answer, "forbidden", name).await;
    }
    let link = format!("/wallboard?token={}", hall.wallboard);
    let answer = hall.get("", &link).await;
    assert_eq!(answer.status, 303);
    let board = cookie_of(&answer).expect("a cookie");
    assert_eq!(
        hall.get(&board, "/api/v1/session").await.json["wallboard"],
        "hall"
    );
    let op = hall.sign_in("op").await;
    hall.records.lock().expect("whole").clear();
    for cookie in [board.clone(), format!("{board}; {op}")] {
        let answer = hall
            .post(&cookie, CMD, &write("TIC-101.SP", "45.0", ""))
            .await;
        hall.refused(answer, "forbidden", "wallboard hall").await;
    }
    assert_eq!(hall.get("", "/wallboard?token=00").await.status, 401);
}

#[tokio::test]
async fn a_person_of_one_area_answers_its_alarms_and_the_horn_and_no_alarm_of_another() {
    let hall = hall(Environment::Live).await;
    let cookie = hall.sign_in("u100").await;
    let act = |deed: &str, alarms: &str| {
        format!(
            r#"{{"id":"{}","do":"{deed}","alarms":[{alarms}],"seen_ms":{NOW_MS}}}"#,
            uuid()
        )
    };
    hall.records.lock().expect("whole").clear();
    for (deed, alarms) in [("acknowledge", r#""UA-01","UA-02""#), ("silence", "")] {
        let answer = hall.post(&cookie, ACT, &act(deed, alarms)).await;
        assert_eq!(answer.status, 200, "{deed}: {answer:?}");
    }
    let records = core::mem::take(&mut *hall.records.lock().expect("whole"));
    let done: Vec<(&str, &str)> = records.iter().map(|r| (&*r.0, &*r.2)).collect();
    assert_eq!(done, [("u100", "UA-01 UA-02"), ("u100", "")]);
    // Another area, one of several, and what concerns the whole plant.
    for alarms in [r#""UA-21""#, r#""UA-01","UA-21""#, r#""SYS.HISTORY""#] {
        let answer = hall.post(&cookie, ACT, &act("acknowledge", alarms)).await;
        hall.refused(answer, "forbidden", "u100").await;
    }
}

#[tokio::test]
async fn a_wallboard_commands_nothing_even_at_an_open_simulation() {
    let hall = hall(Environment::Simulation).await;
    let link = format!("/wallboard?token={}", hall.wallboard);
    let board = cookie_of(&hall.get("", &link).await).expect("a cookie");
    let answer = hall
        .post(&board, CMD, &write("TIC-101.SP", "45.0", ""))
        .await;
    hall.refused(answer, "forbidden", "wallboard hall").await;
}

#[tokio::test]
async fn a_foreign_origin_a_missing_header_an_old_view_and_a_replayed_id_are_refused_and_recorded()
{
    let hall = hall(Environment::Live).await;
    let cookie = hall.sign_in("op").await;
    hall.records.lock().expect("whole").clear();
    let body = write("TIC-101.SP", "45.0", "");
    let with = |change: fn(&mut Vec<String>)| {
        let mut headers = hall.caller.page_headers();
        headers.push(format!("Cookie: {cookie}"));
        change(&mut headers);
        headers
    };
    let foreign = with(|headers| {
        headers.retain(|h| !h.starts_with("Origin"));
        headers.push("Origin: http://evil.example".into());
    });
    let answer = hall.caller.request("POST", CMD, &foreign, &body).await;
    hall.refused(answer, "bad_origin", "op").await;
    let bare = with(|headers| headers.retain(|h| !h.starts_with("X-HMI")));
    let answer = hall.caller.request("POST", CMD, &bare, &body).await;
    hall.refused(answer, "missing_header", "op").await;

    let old = body.replace(&NOW_MS.to_string(), &(NOW_MS - 6_000).to_string());
    let answer = hall.post(&cookie, CMD, &old).await;
    hall.refused(answer, "expired", "op").await;

    let body = write("TIC-101.SP", "45.0", "");
    assert_eq!(hall.post(&cookie, CMD, &body).await.status, 200);
    hall.records.lock().expect("whole").clear();
    // The very same question is answered again, and nothing is done or written.
    assert_eq!(hall.post(&cookie, CMD, &body).await.status, 200);
    assert!(hall.records.lock().expect("whole").is_empty());
    // Its id on another question, or from another person, is not.
    let other = body.replace("45.0", "46.0");
    let answer = hall.post(&cookie, CMD, &other).await;
    hall.refused(answer, "replayed", "op").await;
    let li = hall.sign_in("li").await;
    hall.records.lock().expect("whole").clear();
    let answer = hall.post(&li, CMD, &body).await;
    hall.refused(answer, "replayed", "li").await;
}

#[tokio::test]
async fn a_second_person_signs_and_the_record_names_both_and_the_meaning() {
    let hall = hall(Environment::Live).await;
    let cookie = hall.sign_in("li").await;
    let sign = |second: &str, password: &str| {
        let more = format!(
            r#","reason":"trial","sig":{{"password":"{GOOD}","second":{{"user":"{second}","password":"{password}"}}}}"#
        );
        write("TIC-101.MODE", "0", &more)
    };
    hall.records.lock().expect("whole").clear();
    for (second, password, code, actor) in [
        ("li", GOOD, "forbidden", "li"),
        ("wang", "wrong", "not_proved", "wang"),
        ("eng", GOOD, "forbidden", "eng"),
    ] {
        let answer = hall.post(&cookie, CMD, &sign(second, password)).await;
        hall.refused(answer, code, actor).await;
    }
    let answer = hall
        .post(&cookie, CMD, &write("TIC-101.MODE", "0", ""))
        .await;
    assert_eq!(answer.status, 403);
    hall.refused(answer, "signature_needed", "li").await;
    let answer = hall.post(&cookie, CMD, &sign("wang", GOOD)).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let records = hall.records.lock().expect("whole").clone();
    let (actor, what, _, why) = &records[0];
    assert_eq!((actor.as_str(), what.as_str()), ("li", "write"));
    assert!(
        why.starts_with("trial [performed by li (Name of li) by password"),
        "{why}"
    );
    assert!(
        why.contains("[verified by wang (Name of wang) by password"),
        "{why}"
    );
    assert!(!why.contains(GOOD), "{why}");
}

#[tokio::test]
async fn a_locked_station_shows_and_commands_nothing_until_its_person_unlocks_it() {
    let hall = hall(Environment::Live).await;
    let cookie = hall.sign_in("op").await;
    let locked = hall.post(&cookie, "/api/v1/lock", "{}").await;
    assert_eq!((locked.status, &locked.json["locked"]), (200, &true.into()));
    hall.records.lock().expect("whole").clear();
    let answer = hall
        .post(&cookie, CMD, &write("TIC-101.SP", "45.0", ""))
        .await;
    assert_eq!(answer.status, 401);
    hall.refused(answer, "session_locked", "op").await;
    assert_eq!(hall.get(&cookie, "/api/v1/directory").await.status, 200);
    let answer = hall
        .post(&cookie, "/api/v1/unlock", r#"{"password":"wrong"}"#)
        .await;
    hall.refused(answer, "not_proved", "op").await;
    let body = format!(r#"{{"password":"{GOOD}"}}"#);
    assert_eq!(
        hall.post(&cookie, "/api/v1/unlock", &body).await.status,
        200
    );
    let answer = hall
        .post(&cookie, CMD, &write("TIC-101.SP", "45.0", ""))
        .await;
    assert_eq!(answer.status, 200, "{answer:?}");
}

#[tokio::test]
async fn another_person_takes_the_station_over_and_the_session_before_is_gone() {
    let hall = hall(Environment::Live).await;
    let op = hall.sign_in("op").await;
    let body = format!(r#"{{"user":"li","password":"{GOOD}"}}"#);
    let answer = hall.post(&op, "/api/v1/login", &body).await;
    let li = cookie_of(&answer).expect("a cookie");
    assert_ne!(op, li, "a session never keeps its token over a sign-in");
    assert_eq!(
        hall.get(&op, "/api/v1/session").await.json["user"],
        serde_json::Value::Null
    );
    assert_eq!(
        hall.get(&li, "/api/v1/session").await.json["full_name"],
        "Name of li"
    );
}

#[tokio::test]
async fn a_body_that_is_not_understood_leaves_nothing_of_itself_in_answer_or_record() {
    let hall = hall(Environment::Live).await;
    let body = r#"{"user":"op","passwort":"open sesame"}"#;
    for path in ["/api/v1/login", CMD] {
        let answer = hall.post("", path, body).await;
        assert_eq!(answer.status, 400);
        assert!(!String::from_utf8_lossy(&answer.bytes).contains("sesame"));
        let record = hall.last_record().await;
        assert!(!record.3.contains("sesame"), "{record:?}");
        hall.records.lock().expect("whole").clear();
    }
}

#[tokio::test]
async fn a_socket_asked_for_by_a_foreign_page_is_refused_and_recorded() {
    let hall = hall(Environment::Live).await;
    let mut stream = tokio::net::TcpStream::connect(hall.serving.addr)
        .await
        .expect("connects");
    let request = format!(
        "GET /ws HTTP/1.1\r\nHost: {}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\
         Sec-WebSocket-Protocol: hmi.v1.cbor\r\nOrigin: http://evil.example\r\n\r\n",
        hall.serving.addr
    );
    stream.write_all(request.as_bytes()).await.expect("sent");
    let mut start = [0; 12];
    stream.read_exact(&mut start).await.expect("an answer");
    assert_eq!(&start, b"HTTP/1.1 403");
    let record = hall.last_record().await;
    assert!(record.3.contains("own pages"), "{record:?}");
}

/// The table of routes against the server: each need, with each kind of visitor.
#[tokio::test]
async fn every_route_gives_each_visitor_what_the_table_says() {
    let hall = hall(Environment::Live).await;
    let op = hall.sign_in("op").await;
    let link = format!("/wallboard?token={}", hall.wallboard);
    let board = cookie_of(&hall.get("", &link).await).expect("a cookie");
    for route in ROUTES {
        let path = route
            .path
            .replace("{*path}", "main.js")
            .replace("{id}", "none");
        for (visitor, cookie) in [("stranger", ""), ("wallboard", &board), ("operator", &op)] {
            let answer = match route.method {
                "POST" => hall.post(cookie, &path, "?").await,
                _ => hall.get(cookie, &path).await,
            };
            // What comes through reaches the parser and fails there, or is shown.
            let is_let_in = match route.method {
                "POST" => answer.json["code"] == "malformed",
                _ => answer.status != 403 && (answer.status != 401 || path == "/wallboard"),
            };
            let may = match (route.needs, visitor) {
                // On loopback everybody may look.
                (Needs::Nothing | Needs::View, _) => true,
                (Needs::Session, visitor) => visitor == "operator",
                (Needs::Person | Needs::Right(_), visitor) => visitor != "wallboard",
                // Of all classes: for reviewers.
                (Needs::Records, _) => false,
            };
            assert_eq!(
                is_let_in, may,
                "{visitor} {} {path}: {answer:?}",
                route.method
            );
        }
    }
}

#[test]
fn whatever_changes_something_needs_a_session_or_a_right() {
    for route in ROUTES {
        // A password and the token of a receipt are what shows who comes.
        let shows_who = ["/api/v1/login", "/api/v1/receipt"].contains(&route.path);
        let changes = route.method != "GET" && !shows_who;
        let guarded = matches!(route.needs, Needs::Session | Needs::Right(_));
        assert_eq!(changes, guarded, "{} {}", route.method, route.path);
    }
}

/// Questions of a route, each with the right that it needs.
fn questions(hall: &Hall, path: &str) -> Vec<(Action, String)> {
    let body = |more: &str| format!(r#"{{"id":"{}","seen_ms":{NOW_MS},{more}}}"#, uuid());
    let alarm = |deed: &str| body(&format!(r#""alarms":["TT-101.H"],"reason":"x",{deed}"#));
    match path {
        "/api/v1/cmd" => hall
            .of_rights
            .iter()
            .map(|(action, tag, value)| (*action, write(tag, &format!("{value:?}"), "")))
            .collect(),
        "/api/v1/force" => {
            let what = r#""tag":"TIC-101.SP","value":1.0,"reason":"x""#;
            vec![(Action::Force, body(what))]
        }
        "/api/v1/edition" => vec![(Action::Change, body(r#""back":false,"reason":"x""#))],
        "/api/v1/simulation/act" => vec![(Action::Operate, body(r#""do":"freeze""#))],
        "/api/v1/alarms/act" => vec![
            (Action::Acknowledge, alarm(r#""do":"acknowledge""#)),
            (
                Action::Shelve,
                alarm(r#""do":"shelve","for_s":60.0,"one_shot":false"#),
            ),
            (Action::Limit, alarm(r#""do":"out_of_service""#)),
        ],
        other => panic!("a route that needs a right and is not asked here: {other}"),
    }
}

/// The table against the desk: what a right opens, nobody without it gets.
#[tokio::test]
async fn every_right_opens_what_the_table_says_and_nothing_else() {
    let hall = hall(Environment::Live).await;
    for action in Action::ALL {
        let cookie = hall.sign_in(action.word()).await;
        for route in ROUTES {
            let Needs::Right(rights) = route.needs else {
                continue;
            };
            let questions = questions(&hall, route.path);
            let mut asked: Vec<Action> = questions.iter().map(|(needs, _)| *needs).collect();
            asked.sort_unstable();
            let mut said = rights.to_vec();
            said.sort_unstable();
            assert_eq!(asked, said, "{}", route.path);
            for (needs, body) in questions {
                let answer = hall.post(&cookie, route.path, &body).await;
                let is_refused = answer.json["code"] == "forbidden";
                assert_eq!(is_refused, needs != action, "{action:?} {body}: {answer:?}");
                assert_ne!(answer.json["code"], "malformed", "{body}: {answer:?}");
            }
        }
        let all = hall.get(&cookie, "/api/v1/records?limit=1").await;
        assert_eq!(all.status == 403, action != Action::Review, "{action:?}");
        let alarms = hall.get(&cookie, "/api/v1/records?class=alarm").await;
        assert!(!matches!(alarms.status, 401 | 403), "{action:?} {alarms:?}");
    }
}

#[tokio::test]
async fn what_may_not_be_seen_is_refused_and_recorded_once_and_not_each_time() {
    let hall = hall(Environment::Live).await;
    for _ in 0..20 {
        let answer = hall.get("", "/api/v1/records?limit=5").await;
        assert_eq!(answer.status, 401);
    }
    let (who, _, _, why) = hall.last_record().await;
    assert_eq!(who, "nobody at 127.0.0.1");
    assert!(why.contains("/api/v1/records Sign in first"), "{why}");
    let op = hall.sign_in("op").await;
    assert_eq!(hall.get(&op, "/api/v1/records").await.status, 403);
    let link = format!("/wallboard?token={}", hall.wallboard);
    let board = cookie_of(&hall.get("", &link).await).expect("a cookie");
    for path in ["/api/v1/records?class=alarm", "/api/v1/events"] {
        assert_eq!(hall.get(&board, path).await.status, 403, "{path}");
    }
    let (who, _, _, why) = hall.last_record().await;
    assert_eq!(who, "wallboard hall", "{why}");
    let records = hall.records.lock().expect("whole").clone();
    let refused = records.iter().filter(|record| record.1 == "refused");
    assert_eq!(refused.count(), 2, "one a route and minute: {records:?}");
}

//! The command door, over real sockets: what is admitted, what is refused, and that
//! every refusal is recorded.

mod door;

use door::{Answer, Door, command};
use hmi::desk::{Refusal, RefusalCode};

fn code(answer: &Answer) -> String {
    let text = |key: &str| answer.json[key].as_str().unwrap_or_default().to_owned();
    assert_eq!(answer.json["ok"], false, "{answer:?}");
    assert!(
        !text("en").is_empty() && !text("zh").is_empty(),
        "{answer:?}"
    );
    text("code")
}

#[tokio::test]
async fn an_admitted_command_reaches_the_desk_and_answers_with_its_id() {
    let door = Door::open().await;
    let body = command(&door.desk, "TIC-101.SP", "45.0");
    let answer = door.post(&body).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(answer.json["ok"], true);
    assert!(
        answer.json["id"]
            .as_str()
            .is_some_and(|id| body.contains(id))
    );
    assert_eq!(door.desk.value("TIC-101.SP"), 45.0);
    assert!(door.desk.attempts().is_empty());
}

#[tokio::test]
async fn a_repeated_id_is_answered_again_but_not_executed_again() {
    let door = Door::open().await;
    let body = command(&door.desk, "TIC-101.SP", "45.0");
    let first = door.post(&body).await;
    // Somebody else moves the setpoint on; the repetition must not move it back.
    let other = command(&door.desk, "TIC-101.SP", "50.0");
    assert_eq!(door.post(&other).await.status, 200);
    let second = door.post(&body).await;
    assert_eq!((second.status, &second.json), (first.status, &first.json));
    assert_eq!(door.desk.value("TIC-101.SP"), 50.0);
}

#[tokio::test]
async fn each_kind_of_wrong_command_has_its_code_and_is_recorded() {
    let door = Door::open().await;
    let now_ms = door.now_ms();
    let with = |tag: &str, value: &str, more: &str| {
        format!(
            r#"{{"id":"{}","tag":"{tag}","value":{value},{more}}}"#,
            door::uuid()
        )
    };
    let seen = |ms: i64| format!(r#""seen_ms":{ms}"#);
    let fresh = seen(now_ms);
    let cases: Vec<(String, u16, &str)> = vec![
        ("{".into(), 400, "malformed"),
        ("[1]".into(), 400, "malformed"),
        (
            format!(r#"{{"id":"1","tag":"TIC-101.SP","value":41,{fresh}}}"#),
            400,
            "malformed",
        ),
        (
            with("TIC-101.SP", "41", &format!(r#"{fresh},"role":"admin""#)),
            400,
            "malformed",
        ),
        (with("TIC-101.SP", "1e999", &fresh), 400, "malformed"),
        (with("NO-SUCH.SP", "41", &fresh), 404, "unknown_tag"),
        (with("TT-101.PV", "41", &fresh), 422, "not_writable"),
        (with("TIC-101.SP", "null", &fresh), 422, "not_finite"),
        (with("TIC-101.MODE", "0.5", &fresh), 422, "wrong_kind"),
        (with("M-101.START", "2", &fresh), 422, "wrong_kind"),
        (with("TIC-101.SP", "60.1", &fresh), 422, "out_of_range"),
        (with("TIC-101.SP", "-1e9", &fresh), 422, "out_of_range"),
        (with("TIC-101.SP", "50.1", &fresh), 422, "step_too_large"),
        (
            with("TIC-101.SP", "41", &format!(r#"{fresh},"seen_value":39"#)),
            409,
            "value_changed",
        ),
        (
            with("TIC-101.SP", "41", &seen(now_ms - 5_001)),
            409,
            "expired",
        ),
        (
            with("TIC-101.SP", "41", &seen(now_ms + 1_001)),
            409,
            "expired",
        ),
        (with("TIC-101.SP", "41", &seen(i64::MIN)), 409, "expired"),
        (with("TIC-101.OUT", "41", &fresh), 409, "not_permitted"),
    ];
    for (i, (body, status, expected)) in cases.iter().enumerate() {
        let answer = door.post(body).await;
        assert_eq!(
            (answer.status, code(&answer).as_str()),
            (*status, *expected),
            "{body}"
        );
        let attempts = door.desk.attempts();
        assert_eq!(attempts.len(), i + 1, "{body}");
    }
    assert_eq!(door.desk.value("TIC-101.SP"), 40.0);
}

#[tokio::test]
async fn a_command_of_exactly_five_seconds_and_one_to_the_limit_are_still_admitted() {
    let door = Door::open().await;
    let body = format!(
        r#"{{"id":"{}","tag":"TIC-101.SP","value":50,"seen_value":40,"seen_ms":{}}}"#,
        door::uuid(),
        door.now_ms() - 5_000
    );
    assert_eq!(door.post(&body).await.status, 200);
}

#[tokio::test]
async fn nothing_is_admitted_while_the_runtime_does_not_scan() {
    let door = Door::open().await;
    door.desk.hang(3_500);
    let answer = door.post(&command(&door.desk, "TIC-101.SP", "41")).await;
    assert_eq!(
        (answer.status, code(&answer).as_str()),
        (503, "runtime_stalled")
    );
    door.desk.step(1);
    let answer = door.post(&command(&door.desk, "TIC-101.SP", "41")).await;
    assert_eq!(answer.status, 200);
}

#[tokio::test]
async fn a_request_from_elsewhere_is_refused_at_the_door_and_recorded() {
    let door = Door::open().await;
    let body = command(&door.desk, "TIC-101.SP", "41");
    let own = door.origin();
    let json = "Content-Type: application/json";
    let cases = [
        (vec![json.into(), "X-HMI: 1".into()], 403, "bad_origin"),
        (
            vec![
                json.into(),
                "X-HMI: 1".into(),
                "Origin: http://evil.example".into(),
            ],
            403,
            "bad_origin",
        ),
        (
            vec![json.into(), "X-HMI: 1".into(), "Origin: null".into()],
            403,
            "bad_origin",
        ),
        (
            vec![
                json.into(),
                "X-HMI: 1".into(),
                own.clone(),
                "Sec-Fetch-Site: cross-site".into(),
            ],
            403,
            "bad_origin",
        ),
        (vec![json.into(), own.clone()], 403, "missing_header"),
        (
            vec![json.into(), own.clone(), "X-HMI: 2".into()],
            403,
            "missing_header",
        ),
        (
            vec![
                own.clone(),
                "X-HMI: 1".into(),
                "Content-Type: text/plain".into(),
            ],
            400,
            "malformed",
        ),
    ];
    for (i, (headers, status, expected)) in cases.iter().enumerate() {
        let answer = door.request("POST", "/api/v1/cmd", headers, &body).await;
        assert_eq!(
            (answer.status, code(&answer).as_str()),
            (*status, *expected),
            "{headers:?}"
        );
        assert_eq!(door.desk.attempts().len(), i + 1);
    }
    assert_eq!(door.desk.value("TIC-101.SP"), 40.0);
}

#[tokio::test]
async fn a_command_longer_than_the_limit_is_refused_unread() {
    let door = Door::open().await;
    let long = format!(
        "{{\"reason\":\"{}\"}}",
        "x".repeat(hmi::cmd::COMMAND_BYTES_MAX)
    );
    let answer = door.post(&long).await;
    assert_eq!((answer.status, code(&answer).as_str()), (413, "too_large"));
}

#[tokio::test]
async fn the_desk_has_the_last_word_and_its_refusal_comes_through_unchanged() {
    let door = Door::open().await;
    let refusal = Refusal::new(RefusalCode::Interlocked, "RG-1 holds.", "RG-1 联锁。");
    door.desk.refuse_next(refusal);
    let answer = door.post(&command(&door.desk, "TIC-101.SP", "41")).await;
    assert_eq!(
        (answer.status, code(&answer).as_str()),
        (409, "interlocked")
    );
    assert_eq!(answer.json["zh"], "RG-1 联锁。");
    assert!(
        door.desk.attempts().is_empty(),
        "the desk records its own refusals"
    );
}

#[tokio::test]
async fn two_people_who_saw_the_same_setpoint_do_not_overwrite_each_other() {
    let door = Door::open().await;
    let body = |value: &str| {
        format!(
            r#"{{"id":"{}","tag":"TIC-101.SP","value":{value},"seen_value":40,"seen_ms":{}}}"#,
            door::uuid(),
            door.now_ms()
        )
    };
    assert_eq!(door.post(&body("42")).await.status, 200);
    door.desk.step(1);
    let second = door.post(&body("38")).await;
    assert_eq!(
        (second.status, code(&second).as_str()),
        (409, "value_changed")
    );
    assert_eq!(door.desk.value("TIC-101.SP"), 42.0);
}

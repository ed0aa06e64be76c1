//! Forcing and online change, over real sockets.

mod door;

use door::{Answer, Door, uuid};
use hmi::Desk;
use hmi::desk::{Refusal, RefusalCode};

const FORCE: &str = "/api/v1/force";
const EDITION: &str = "/api/v1/edition";

fn code(answer: &Answer) -> String {
    assert_eq!(answer.json["ok"], false, "{answer:?}");
    let text = |key: &str| answer.json[key].as_str().unwrap_or_default().to_owned();
    assert!(
        !text("en").is_empty() && !text("zh").is_empty(),
        "{answer:?}"
    );
    text("code")
}

fn force(door: &Door, tag: &str, value: &str, reason: &str) -> String {
    format!(
        r#"{{"id":"{}","tag":"{tag}","value":{value},"reason":"{reason}","seen_ms":{}}}"#,
        uuid(),
        door.now_ms()
    )
}

fn edition(door: &Door, back: bool, reason: &str) -> String {
    format!(
        r#"{{"id":"{}","back":{back},"reason":"{reason}","seen_ms":{}}}"#,
        uuid(),
        door.now_ms()
    )
}

#[tokio::test]
async fn a_forced_tag_holds_its_value_and_is_listed_until_it_is_released() {
    let door = Door::open().await;
    let body = force(&door, "TT-101.PV", "37.5", "loop check");
    assert_eq!(door.post_to(FORCE, &body).await.status, 200);
    door.desk.step(5);
    assert_eq!(door.desk.value("TT-101.PV"), 37.5);
    let list = door.get("/api/v1/forces").await.json;
    assert_eq!(list[0]["tag"], "TT-101.PV");
    assert_eq!(list[0]["reason"], "loop check");
    assert_eq!(list[0]["actor"], "operator");

    let body = force(&door, "TT-101.PV", "null", "done");
    assert_eq!(door.post_to(FORCE, &body).await.status, 200);
    assert_eq!(door.get("/api/v1/forces").await.json, serde_json::json!([]));
    door.desk.step(5);
    assert_ne!(door.desk.value("TT-101.PV"), 37.5);
}

#[tokio::test]
async fn each_kind_of_wrong_force_has_its_code_and_is_recorded() {
    let door = Door::open().await;
    let now_ms = door.now_ms();
    let id = uuid();
    let late = |ms: i64| {
        format!(
            r#"{{"id":"{}","tag":"TT-101.PV","value":1,"reason":"x","seen_ms":{ms}}}"#,
            uuid()
        )
    };
    let cases: Vec<(String, u16, &str)> = vec![
        ("{".into(), 400, "malformed"),
        // A forgotten value must not release anything.
        (
            format!(r#"{{"id":"{id}","tag":"TT-101.PV","reason":"x","seen_ms":{now_ms}}}"#),
            400,
            "malformed",
        ),
        (
            format!(r#"{{"id":"{id}","tag":"TT-101.PV","value":1,"seen_ms":{now_ms}}}"#),
            400,
            "malformed",
        ),
        (force(&door, "TT-101.PV", "1", ""), 400, "malformed"),
        (force(&door, "TT-101.PV", "1", "   "), 400, "malformed"),
        (
            force(&door, "TT-101.PV", "1", &"x".repeat(501)),
            400,
            "malformed",
        ),
        (force(&door, "TT-101.PV", "\"on\"", "x"), 400, "malformed"),
        (force(&door, "NO-SUCH.PV", "1", "x"), 404, "unknown_tag"),
        (force(&door, "M-101.START", "0.5", "x"), 422, "wrong_kind"),
        (late(now_ms - 5_001), 409, "expired"),
        (late(now_ms + 1_001), 409, "expired"),
    ];
    for (i, (body, status, expected)) in cases.iter().enumerate() {
        let answer = door.post_to(FORCE, body).await;
        assert_eq!(
            (answer.status, code(&answer).as_str()),
            (*status, *expected),
            "{body}"
        );
        assert_eq!(door.desk.attempts().len(), i + 1, "{body}");
    }
    assert!(door.desk.forces().is_empty());
}

#[tokio::test]
async fn what_protection_writes_is_refused_by_the_desk_in_its_own_words() {
    let door = Door::open().await;
    let answer = door
        .post_to(FORCE, &force(&door, "RG-1.TRIPPED", "0", "x"))
        .await;
    assert_eq!(
        (answer.status, code(&answer).as_str()),
        (409, "not_permitted")
    );
    assert!(door.desk.forces().is_empty());
}

#[tokio::test]
async fn a_changed_text_is_adopted_and_the_edition_before_comes_back() {
    let door = Door::open().await;
    let number = door.desk.directory().edition.number;
    let answer = door
        .post_to(EDITION, &edition(&door, true, "nothing to go back to"))
        .await;
    assert_eq!(
        (answer.status, code(&answer).as_str()),
        (409, "not_permitted")
    );
    let answer = door
        .post_to(EDITION, &edition(&door, false, "new limit"))
        .await;
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(door.desk.directory().edition.number, number + 1);
    let answer = door
        .post_to(EDITION, &edition(&door, true, "it was wrong"))
        .await;
    assert_eq!(answer.status, 200, "{answer:?}");
}

#[tokio::test]
async fn each_kind_of_wrong_change_has_its_code_and_is_recorded() {
    let door = Door::open().await;
    let now_ms = door.now_ms();
    let cases: Vec<(String, u16, &str)> = vec![
        ("null".into(), 400, "malformed"),
        (edition(&door, false, ""), 400, "malformed"),
        (
            format!(r#"{{"id":"1","back":false,"reason":"x","seen_ms":{now_ms}}}"#),
            400,
            "malformed",
        ),
        (
            format!(r#"{{"id":"{}","reason":"x","seen_ms":{now_ms}}}"#, uuid()),
            400,
            "malformed",
        ),
        (
            format!(
                r#"{{"id":"{}","back":false,"reason":"x","seen_ms":{}}}"#,
                uuid(),
                now_ms - 5_001
            ),
            409,
            "expired",
        ),
    ];
    for (i, (body, status, expected)) in cases.iter().enumerate() {
        let answer = door.post_to(EDITION, body).await;
        assert_eq!(
            (answer.status, code(&answer).as_str()),
            (*status, *expected),
            "{body}"
        );
        assert_eq!(door.desk.attempts().len(), i + 1, "{body}");
    }
    assert_eq!(door.desk.directory().edition.number, 1);
}

#[tokio::test]
async fn a_refusal_of_the_desk_comes_through_whole() {
    let door = Door::open().await;
    let long = "plant.toml:12: ".repeat(40);
    let refusal = Refusal::new(RefusalCode::NotPermitted, long.clone(), "未通过检查");
    door.desk.refuse_next(refusal);
    let answer = door.post_to(EDITION, &edition(&door, false, "x")).await;
    assert_eq!(
        (answer.status, code(&answer).as_str()),
        (409, "not_permitted")
    );
    assert_eq!(answer.json["en"], long);
}

#[tokio::test]
async fn a_repeated_id_changes_nothing_again() {
    let door = Door::open().await;
    let body = edition(&door, false, "new limit");
    assert_eq!(door.post_to(EDITION, &body).await.status, 200);
    assert_eq!(door.post_to(EDITION, &body).await.status, 200);
    assert_eq!(door.desk.directory().edition.number, 2);
}

#[tokio::test]
async fn nothing_is_forced_or_changed_while_the_runtime_does_not_scan() {
    let door = Door::open().await;
    door.desk.hang(3_500);
    for (path, body) in [
        (FORCE, force(&door, "TT-101.PV", "1", "x")),
        (EDITION, edition(&door, false, "x")),
    ] {
        let answer = door.post_to(path, &body).await;
        assert_eq!(
            (answer.status, code(&answer).as_str()),
            (503, "runtime_stalled")
        );
    }
}

#[tokio::test]
async fn another_sites_page_forces_and_changes_nothing() {
    let door = Door::open().await;
    let json = "Content-Type: application/json".to_owned();
    let mut recorded = 0;
    for (path, body) in [
        (FORCE, force(&door, "TT-101.PV", "1", "x")),
        (EDITION, edition(&door, false, "x")),
    ] {
        for (headers, expected) in [
            (vec![json.clone(), "X-HMI: 1".into()], "bad_origin"),
            (
                vec![
                    json.clone(),
                    "X-HMI: 1".into(),
                    "Origin: http://evil.example".into(),
                ],
                "bad_origin",
            ),
            (vec![json.clone(), door.origin()], "missing_header"),
        ] {
            let answer = door.request("POST", path, &headers, &body).await;
            assert_eq!((answer.status, code(&answer).as_str()), (403, expected));
            recorded += 1;
            assert_eq!(door.desk.attempts().len(), recorded);
        }
    }
    assert!(door.desk.forces().is_empty());
    assert_eq!(door.desk.directory().edition.number, 1);
}

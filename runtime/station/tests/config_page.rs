//! What the page Configuration asks of a station that scans: compare, change online,
//! roll back; over HTTP.

#![allow(clippy::unwrap_used, reason = "a test that fails shows where")]

mod page;

use gateway::desk::Environment;
use journal::ledger::read::entries;
use page::Page;
use serde_json::{Value, json};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_compared_is_what_is_adopted_and_it_goes_back() {
    let page = Page::open("config-change", Environment::Simulation).await;
    let same = page.compare().await;
    assert_eq!(same["comparison"]["changes"], json!([]));
    assert_eq!(
        (&same["number"], &same["has_before"]),
        (&json!(1), &json!(false))
    );

    page.edit("initial = 1.0", "initial = 1.0\nh = 8.0");
    let found = page.compare().await;
    let digest = found["comparison"]["new"].as_str().unwrap().to_owned();
    assert_eq!(found["comparison"]["changes"][0]["name"], "HS-1.SP");

    // Edited after it was read: nobody has looked at this text.
    page.edit("initial = 1.0", "initial = 1.0\nh = 7.0");
    let (status, refused) = page.change(false, Some(&digest)).await;
    assert_eq!((status, &refused["code"]), (409, &json!("not_permitted")));
    assert!(refused["en"].as_str().unwrap().contains("compare again"));
    assert_eq!(page.compare().await["number"], 1);

    let digest = page.compare().await["comparison"]["new"].clone();
    let (status, done) = page.change(false, digest.as_str()).await;
    assert_eq!((status, &done["ok"]), (200, &json!(true)), "{done}");
    let after = page.compare().await;
    assert_eq!(
        (&after["number"], &after["has_before"]),
        (&json!(2), &json!(true))
    );
    assert_eq!(after["comparison"]["changes"], json!([]));

    let (status, _) = page.change(true, None).await;
    assert_eq!(status, 200);
    let back = page.compare().await;
    assert_eq!(back["number"], 3);
    assert_eq!(back["comparison"]["changes"][0]["name"], "HS-1.SP");

    let records = entries(&page.end().await.join("ledger")).unwrap();
    let whats: Vec<&str> = records.iter().map(|record| record.what.as_str()).collect();
    let count = |what: &str| whats.iter().filter(|found| **found == what).count();
    assert_eq!(
        (count("edition"), count("edition-back"), count("refused")),
        (2, 1, 1)
    );
    assert!(
        records
            .iter()
            .any(|r| r.what == "edition" && r.old.is_some() && r.new.is_some())
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn problems_have_their_place_and_a_latched_trip_is_told_before_it_refuses() {
    let page = Page::open("config-trip", Environment::Simulation).await;
    page.edit("in = \"HS-1.SP\"", "in = \"HS-2.SP\"");
    let found = page.compare().await;
    let problem = &found["problems"][0];
    assert_eq!(
        (&problem["file"], &problem["line"]),
        (&json!("units/u.toml"), &json!(24))
    );
    assert_eq!(found["comparison"], Value::Null);

    // After a start the latch holds, and it stands behind what is edited.
    page.edit("limit = 9.0", "limit = 9.5");
    let found = page.compare().await;
    let bar = &found["comparison"]["impact"]["bars"][0];
    assert_eq!(
        (&bar["block"], &bar["holds"]),
        (&json!("XL-1"), &json!(true)),
        "{found}"
    );
    let (status, refused) = page.change(false, None).await;
    assert_eq!(status, 409, "{refused}");
    assert!(refused["en"].as_str().unwrap().contains("XL-1"));
    page.end().await;
}

//! Online change: what is carried, what is new, what is refused.

use crate::bench::{Bench, Frame, block, delayed, operator, program, source, sum, text};
use scan::{LinkInput, TransferPlan, TransferRefusal, Value};
use signal::Quality;

fn plant() -> LinkInput {
    LinkInput {
        tags: vec![operator("HS-1.SP", 2.0)],
        sources: vec![source(&["TT-1.RAW"])],
        ..program(vec![
            sum("A-1", &["TT-1.RAW"]),
            block(
                "GAIN",
                "B-2",
                &[("in", text("A-1.OUT")), ("k", Value::Real(1.0))],
            ),
            block(
                "TRIP",
                "D-5",
                &[("in", text("B-2.OUT")), ("limit", Value::Real(50.0))],
            ),
            block("INTEGRAL", "C-3", &[("in", text("HS-1.SP"))]),
            block("INTEGRAL", "C-4", &[("in", delayed("C-3.OUT"))]),
            block("STATION", "HIC-4", &[]),
        ])
    }
}

fn set(input: &mut LinkInput, name: &str, key: &str, value: Value) {
    let block = input.blocks.iter_mut().find(|block| block.name == name);
    block.expect("that block").config.insert(key.into(), value);
}

fn without(input: &mut LinkInput, name: &str) {
    input.blocks.retain(|block| block.name != name);
}

fn running() -> Bench {
    let mut bench = Bench::of(&plant());
    for n in 0..20 {
        bench.scan_with(Frame(&[(f64::from(n), Quality::GOOD)]));
    }
    bench
}

fn tripped() -> Bench {
    let mut bench = running();
    bench.scan_with(Frame(&[(60.0, Quality::GOOD)]));
    bench.scan_with(Frame(&[(1.0, Quality::GOOD)]));
    assert_eq!(bench.bits("D-5.TRIP"), 1);
    bench
}

/// Rehearses on throw-away memory as the desk does, then carries as the scan does.
fn change(old: &Bench, input: &LinkInput) -> Result<Bench, TransferRefusal> {
    let mut desk = Bench::of(input);
    let mut plan = TransferPlan::new(&old.linked, &desk.linked);
    let rehearsed = plan.rehearse(&old.linked.program, &mut desk.linked.program);
    let mut new = Bench::of(input);
    let mut plan = TransferPlan::new(&old.linked, &new.linked);
    let carried = plan.carry(&old.linked.program, &mut new.linked.program);
    assert_eq!(rehearsed.is_ok(), carried, "rehearsal and deed agree");
    assert_eq!(
        plan.tripped(&old.linked.program).is_some(),
        matches!(rehearsed, Err(TransferRefusal::Tripped { .. }))
    );
    rehearsed?;
    new.index = old.index;
    Ok(new)
}

fn refusal(old: &Bench, input: &LinkInput) -> (String, String) {
    match change(old, input).err() {
        Some(TransferRefusal::Tripped { block, change }) => (block, change),
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_unchanged_text_changes_nothing_at_all() {
    let mut old = running();
    let mut new = change(&old, &plant()).unwrap();
    assert_eq!(old.saved(), new.saved());
    for n in 0..100 {
        let frame = [(f64::from(n), Quality::GOOD)];
        old.scan_with(Frame(&frame));
        new.scan_with(Frame(&frame));
        assert_eq!(old.log.digests.last(), new.log.digests.last());
    }
}

#[test]
fn what_kept_name_and_kind_goes_on_without_a_bump() {
    let mut old = running();
    let mut next = plant();
    // Others are added, and everything moves to another place in the image.
    next.blocks
        .insert(0, sum("NEW-1", &["TT-1.RAW", "HS-1.SP"]));
    next.blocks.rotate_left(3);
    let mut new = change(&old, &next).unwrap();
    old.scan_with(Frame(&[(7.0, Quality::GOOD)]));
    new.scan_with(Frame(&[(7.0, Quality::GOOD)]));
    for tag in old.linked.tags.keys() {
        assert_eq!(old.reading(tag), new.reading(tag), "{tag}");
    }
    assert_eq!(new.real("NEW-1.OUT"), 9.0, "the new block runs at once");
}

#[test]
fn a_removed_block_takes_its_tags_with_it_and_nothing_else() {
    let mut old = running();
    let mut next = plant();
    without(&mut next, "C-4");
    let mut new = change(&old, &next).unwrap();
    old.scan();
    new.scan();
    assert!(!new.linked.tags.contains_key("C-4.OUT"));
    assert_eq!(old.real("C-3.OUT"), new.real("C-3.OUT"));
}

#[test]
fn a_block_of_another_kind_starts_afresh() {
    let old = running();
    let mut next = plant();
    without(&mut next, "C-3");
    next.blocks
        .push(block("GAIN", "C-3", &[("in", text("HS-1.SP"))]));
    let mut new = change(&old, &next).unwrap();
    new.scan();
    assert_eq!(new.real("C-3.OUT"), 2.0);
}

#[test]
fn an_edited_literal_takes_its_new_value() {
    let old = running();
    let mut next = plant();
    set(&mut next, "B-2", "k", Value::Real(3.0));
    let new = change(&old, &next).unwrap();
    assert_eq!(new.real("B-2.K"), 3.0);
}

#[test]
fn an_edited_literal_wins_over_what_people_wrote_before() {
    let mut old = running();
    let write = old.write("B-2.K", 2.5);
    old.scan_with(&[write][..]);
    let mut next = plant();
    set(&mut next, "B-2", "k", Value::Real(3.0));
    assert_eq!(change(&old, &next).unwrap().real("B-2.K"), 3.0);
}

#[test]
fn what_people_wrote_is_kept_where_the_text_did_not_change() {
    let mut old = running();
    let orders = [
        old.write("B-2.K", 2.5),
        old.write("HS-1.SP", 8.0),
        old.write("HIC-4.SP", 6.0),
    ];
    old.scan_with(&orders[..]);
    let mut next = plant();
    next.blocks.push(sum("NEW-1", &[]));
    let mut new = change(&old, &next).unwrap();
    new.scan();
    assert_eq!(new.real("B-2.K"), 2.5);
    assert_eq!(new.real("HS-1.SP"), 8.0);
    assert_eq!(new.real("HIC-4.SP"), 6.0);
}

#[test]
fn a_forced_tag_stays_forced() {
    let mut old = running();
    let force = old.force("A-1.OUT", 33.0);
    old.scan_with(&[force][..]);
    let mut next = plant();
    next.blocks.insert(0, sum("NEW-1", &[]));
    let mut new = change(&old, &next).unwrap();
    new.scan_with(Frame(&[(1.0, Quality::GOOD)]));
    assert_eq!(new.real("A-1.OUT"), 33.0);
    assert!(new.quality("A-1.OUT").has(Quality::FORCED));
}

#[test]
fn a_request_of_the_last_scan_is_not_repeated_after_the_change() {
    let mut old = running();
    let reset = old.write("HIC-4.RESET", 1.0);
    old.scan_with(&[reset][..]);
    let mut new = change(&old, &plant()).unwrap();
    new.scans(3);
    assert_eq!(new.int("HIC-4.COUNT"), 1);
}

#[test]
fn a_delayed_wire_gives_last_scans_value_across_the_change() {
    let old = running();
    let mut new = change(&old, &plant()).unwrap();
    let (before, fed) = (new.real("C-4.OUT"), old.real("C-3.OUT"));
    new.scan();
    assert_eq!(new.real("C-4.OUT"), before + fed);
}

#[test]
fn blocks_without_a_trip_may_be_altered_and_removed() {
    let mut next = plant();
    set(&mut next, "D-5", "limit", Value::Real(40.0));
    set(&mut next, "B-2", "k", Value::Real(2.0));
    assert!(change(&running(), &next).is_ok());
    without(&mut next, "D-5");
    assert!(change(&running(), &next).is_ok());
}

#[test]
fn a_tripped_block_may_not_be_altered() {
    let mut next = plant();
    set(&mut next, "D-5", "limit", Value::Real(400.0));
    assert_eq!(
        refusal(&tripped(), &next),
        ("D-5".into(), "alters D-5".into())
    );
}

#[test]
fn a_tripped_block_may_not_be_removed_nor_become_another_kind() {
    let mut next = plant();
    without(&mut next, "D-5");
    let (block, change) = refusal(&tripped(), &next);
    assert_eq!(block, "D-5");
    assert!(change.contains("removes D-5"), "{change}");
    next.blocks.push(sum("D-5", &["B-2.OUT"]));
    assert_eq!(refusal(&tripped(), &next).0, "D-5");
}

#[test]
fn what_feeds_a_tripped_block_may_not_be_altered_near_or_far() {
    let mut near = plant();
    set(&mut near, "B-2", "k", Value::Real(0.1));
    let (block, change) = refusal(&tripped(), &near);
    assert_eq!(
        (block.as_str(), change.as_str()),
        ("D-5", "alters B-2, which feeds it")
    );
    let mut far = plant();
    set(&mut far, "A-1", "in", crate::bench::list(&[]));
    assert_eq!(refusal(&tripped(), &far).1, "alters A-1, which feeds it");
}

#[test]
fn what_feeds_a_tripped_block_may_not_be_rewired_behind_its_back() {
    // A-1 keeps its text, but the tag that it reads gets another writer.
    let mut near = plant();
    near.sources = vec![source(&["TT-9.RAW"])];
    near.blocks
        .push(block("SUM", "X-9", &[("out", text("TT-1.RAW"))]));
    assert_eq!(refusal(&tripped(), &near).0, "D-5");
}

#[test]
fn what_people_set_for_a_tripped_block_may_not_be_edited_in_the_text() {
    let mut input = plant();
    input.tags.push(operator("HS-2.SP", 50.0));
    set(&mut input, "D-5", "limit", text("HS-2.SP"));
    let mut old = Bench::of(&input);
    old.scan_with(Frame(&[(60.0, Quality::GOOD)]));
    old.scan_with(Frame(&[(1.0, Quality::GOOD)]));
    assert_eq!(old.bits("D-5.TRIP"), 1);
    let mut next = input.clone();
    next.tags.last_mut().expect("HS-2.SP").operator = Some(500.0);
    assert_eq!(refusal(&old, &next).0, "D-5");
}

#[test]
fn other_changes_pass_while_a_trip_is_held_and_the_trip_stays() {
    let mut next = plant();
    set(&mut next, "C-3", "extra", Value::Int(0));
    next.blocks.push(sum("NEW-1", &["D-5X.OUT"]));
    next.blocks.push(sum("D-5X", &["B-2.OUT"]));
    let mut new = change(&tripped(), &next).unwrap();
    new.scan_with(Frame(&[(1.0, Quality::GOOD)]));
    assert_eq!(new.bits("D-5.TRIP"), 1);
    let reset = new.write("D-5.RESET", 1.0);
    new.scan_with(&[reset][..]);
    assert_eq!(new.bits("D-5.TRIP"), 0);
}

#[test]
fn once_reset_the_refused_change_passes() {
    let mut old = tripped();
    let reset = old.write("D-5.RESET", 1.0);
    old.scan_with(&[reset][..]);
    let mut next = plant();
    set(&mut next, "D-5", "limit", Value::Real(400.0));
    assert_eq!(change(&old, &next).unwrap().real("D-5.LIMIT"), 400.0);
}

#[test]
fn state_of_another_size_is_refused_with_both_sizes() {
    let mut next = plant();
    set(&mut next, "C-3", "extra", Value::Int(2));
    let Some(TransferRefusal::State { block, mismatch }) = change(&running(), &next).err() else {
        panic!("refused");
    };
    assert_eq!(block, "C-3");
    assert_eq!((mismatch.wanted, mismatch.present), (3, 1));
}

#[test]
fn a_block_that_leaves_words_of_its_state_is_refused() {
    let mut input = plant();
    input.blocks.push(block("FORGETFUL", "F-1", &[]));
    let mut old = Bench::of(&input);
    old.scan();
    assert!(matches!(
        change(&old, &input).err(),
        Some(TransferRefusal::State { block, .. }) if block == "F-1"
    ));
}

#[test]
fn every_refusal_says_what_to_do_or_what_does_not_fit() {
    let mut next = plant();
    without(&mut next, "D-5");
    let words = change(&tripped(), &next).err().map(|why| why.to_string());
    assert!(words.is_some_and(|words| words.contains("D-5") && words.contains("reset the trip")));
}

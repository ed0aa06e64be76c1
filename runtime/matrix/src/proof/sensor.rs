//! No single failed sensor disables a row of class safety.
//!
//! For each row of class safety and each tag of its channels: with that tag bad, the
//! row trips when all its other channels demand it, and some good values of the others
//! make it. A tag that stands in several channels fails in all of them.

use super::report::{Fault, Findings, Subject};
use super::space::Space;
use super::state::{self, condition, named};
use crate::model::{Cause, Class, OnBad};
use crate::vote::{Shown, is_for_trip};
use biodivine_lib_bdd::Bdd;

pub(super) fn prove(space: &Space<'_>, found: &mut Findings) {
    for (at, cause) in space.matrix.causes.iter().enumerate() {
        if cause.class != Class::Safety || space.row(at).is_none() {
            continue;
        }
        let mut tags: Vec<&str> = Vec::new();
        for channel in &cause.channels {
            if !tags.contains(&channel.tag.as_str()) {
                tags.push(&channel.tag);
            }
        }
        let vote = space.vote(at);
        for tag in tags {
            found.claim();
            if !survives(space, &vote, cause, tag) {
                tell(cause, tag, found);
            }
            if space.logic.gave_up() {
                found.fail_too_large(&named(cause), vec![state::cause(cause)]);
            }
        }
    }
}

fn survives(space: &Space<'_>, vote: &Bdd, cause: &Cause, lost: &str) -> bool {
    let shown: Vec<Shown> = cause
        .channels
        .iter()
        .map(|channel| {
            if channel.tag == lost {
                Shown::Bad
            } else {
                Shown::For
            }
        })
        .collect();
    if !is_for_trip(cause, &shown) {
        return false;
    }
    let bad = space.bad(lost);
    let trips = space.logic.and(vote, &bad);
    let mut others = space.possible(&trips);
    for channel in cause.channels.iter().filter(|channel| channel.tag != lost) {
        others = space.logic.and_not(&others, &space.bad(&channel.tag));
    }
    !others.is_false()
}

fn tell(cause: &Cause, lost: &str, found: &mut Findings) {
    let mut lines = vec![format!("{lost} is bad")];
    for channel in &cause.channels {
        if channel.tag == lost {
            lines.push(format!(
                "its channel {} {}",
                condition(&channel.tag, channel.test),
                match channel.on_bad {
                    OnBad::Trip => "votes for the trip",
                    OnBad::NoTrip => "votes against the trip",
                    OnBad::Exclude => "is left out",
                }
            ));
        } else {
            lines.push(condition(&channel.tag, channel.test));
        }
    }
    lines.push(format!(
        "{}oo{} does not trip",
        cause.m,
        cause.channels.len()
    ));
    let message = format!("{lost} alone, bad, keeps {} from tripping", named(cause));
    let subjects = vec![state::cause(cause), Subject::Tag(lost.to_string())];
    found.fail(Fault::SensorDisablesRow, message, subjects, lines);
}

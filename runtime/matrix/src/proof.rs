//! What is proved of a matrix before it may run.
//!
//! [`prove`] takes the matrix and the [`Facts`] of the plant around it, and either
//! proves six theorems, each a number of claims, or says which claim fails, with a
//! state of the plant in which it fails:
//!
//! | theorem | claim |
//! |---|---|
//! | [`Theorem::Complete`] | no row, column or hazard stands for nothing |
//! | [`Theorem::Reach`] | every row can trip, and whenever it has, each final element of its columns gets what they say |
//! | [`Theorem::Bypass`] | no permitted combination of bypasses leaves a hazard unguarded |
//! | [`Theorem::Permissive`] | no permissive is out of reach |
//! | [`Theorem::Response`] | every row acts within the time that the process leaves it |
//! | [`Theorem::Sensor`] | no single failed sensor disables a row of class safety |
//!
//! The logical theorems are decided for every state, by binary decision diagrams
//! (Bryant, IEEE Trans. Comput. C-35(8), 1986): the diagram of a claim's negation is
//! empty, or any path of it is a counter-example. States are made of
//!
//! - real tags, cut at the limits that anybody looks at (order encoding: at or above
//!   50 implies at or above 45; at the limit counts for both sides),
//! - Boolean tags, and for every tag whether it is bad,
//! - hysteresis, delays and latches as unknowns: they may be as they like.
//!
//! A row without channels, with limits that are no numbers or an impossible vote is
//! reported by [`Theorem::Complete`] and left out of the others.

mod bypass;
mod complete;
mod facts;
mod logic;
mod permissive;
mod reach;
mod report;
mod response;
mod sensor;
mod space;
mod state;

pub use facts::{DeviceTrips, Facts, Need, Permit, WiredTrip};
pub use report::{Failure, Fault, Proof, Report, Subject, Theorem};

use crate::model::{Cause, Matrix};
use report::Findings;
use signal::limits::VOTE_CHANNELS_MAX;
use std::time::Instant;

/// Proves what can be proved of a matrix.
///
/// The order of theorems and failures depends on the matrix and the facts alone. A
/// claim whose diagram grows beyond a million nodes is given up and reported as
/// [`Fault::TooLarge`]: nothing is taken for proved that is not.
pub fn prove(matrix: &Matrix, facts: &Facts) -> Report {
    let mut report = Report::default();
    let mut record = |theorem: Theorem, prove: &dyn Fn(&mut Findings)| {
        let start = Instant::now();
        let mut findings = Findings::new(theorem);
        prove(&mut findings);
        report.theorems.push(Proof {
            theorem,
            claims: findings.claims,
            failures: findings.failures.len(),
            time: start.elapsed(),
        });
        report.failures.append(&mut findings.failures);
    };
    record(Theorem::Complete, &|found| complete::prove(matrix, found));
    let space = space::Space::of_matrix(matrix, facts);
    record(Theorem::Reach, &|found| {
        with(&space, found, |space, found| {
            reach::prove(space, facts, found);
        });
    });
    record(Theorem::Bypass, &|found| {
        bypass::prove(matrix, facts, found)
    });
    record(Theorem::Permissive, &|found| {
        with(&space, found, |space, found| {
            permissive::prove(space, facts, found);
        });
    });
    record(Theorem::Response, &|found| {
        response::prove(matrix, facts, found)
    });
    record(Theorem::Sensor, &|found| {
        with(&space, found, sensor::prove);
    });
    report
}

/// Proves in a space, if there is one.
fn with<'m>(
    space: &Option<space::Space<'m>>,
    findings: &mut Findings,
    prove: impl Fn(&space::Space<'m>, &mut Findings),
) {
    match space {
        Some(space) => prove(space, findings),
        None => {
            findings.claim();
            findings.fail_too_large("the matrix", Vec::new());
        }
    }
}

/// Whether a row means anything; what is wrong with it otherwise.
fn trouble(cause: &Cause) -> Option<String> {
    let n = cause.channels.len();
    if n == 0 || n > VOTE_CHANNELS_MAX {
        return Some(format!("it has {n} channels, not 1 to {VOTE_CHANNELS_MAX}"));
    }
    if cause.m == 0 || usize::from(cause.m) > n {
        return Some(format!("it votes {}oo{n}", cause.m));
    }
    let permissive = cause.permissive.map(|permissive| permissive.limit);
    let numbers = cause.channels.iter().flat_map(|channel| {
        let limit = match channel.test {
            crate::model::Test::Above(limit) | crate::model::Test::Below(limit) => limit,
            crate::model::Test::Is(_) => 0.0,
        };
        [limit, channel.hysteresis]
    });
    let is_finite = numbers.chain(permissive).all(f64::is_finite);
    (!is_finite).then(|| "a limit or hysteresis is not a number".to_string())
}

//! Matrices of the size that plants have.

#[allow(dead_code)]
mod plant;

use matrix::proof::{Fault, Theorem};
use matrix::*;
use plant::{analog, cause, channel, effect, valve, wire, words};

/// So many rows and columns, four channels a row, half of the cells filled. Every
/// column has a valve of its own and acts on a control valve that all share.
fn large(rows: usize, columns: usize, shared: impl Fn(usize) -> f64) -> (Matrix, Facts) {
    let mut matrix = Matrix {
        groups: (0..4)
            .map(|group| ResetGroup {
                name: format!("RG-{group}"),
                unit: "U".to_string(),
                text: Words::default(),
            })
            .collect(),
        ..Matrix::default()
    };
    let mut facts = Facts {
        period_s: 0.1,
        ..Facts::default()
    };
    for row in 0..rows {
        let channels = (0..4)
            .map(|number| {
                // Every third row looks at the sensors of the row before it.
                let of = row - usize::from(row % 3 == 2);
                let tag = format!("TT-{of}{}", ["A", "B", "C", "D"][number]);
                facts.age_s.insert(tag.clone(), 0.25);
                Channel {
                    hysteresis: 0.5,
                    on_bad: [OnBad::Trip, OnBad::Exclude][row % 2],
                    ..channel(&tag, Test::Above(40.0 + (row % 3) as f64))
                }
            })
            .collect();
        matrix.causes.push(Cause {
            on_delay_s: (row % 4) as f64,
            armed: (row % 5 == 0).then(|| "DOSING".to_string()),
            degrade: [Degrade::Safety, Degrade::Availability][row / 2 % 2],
            safety_time_s: Some(60.0),
            unit: format!("R-{}", row / 8),
            ..cause(&format!("C{row:02}"), "", 2, channels)
        });
    }
    for column in 0..columns {
        let actions = vec![
            valve(&format!("XV-{column}"), false),
            analog("TV-1", shared(column)),
        ];
        let kind = EffectKind::Final(actions);
        let id = format!("E{column}");
        matrix.effects.push(effect(&id, "", Some(column % 4), kind));
        for row in 0..rows {
            let symbols = match (row * 7 + column * 5) % 8 {
                0 | 1 => vec![Symbol::Trip],
                2 => vec![Symbol::TripUnlatched],
                3 => vec![Symbol::Delayed(10.0)],
                _ => continue,
            };
            matrix.cells.insert((row, column), symbols);
        }
    }
    for hazard in 0..rows / 2 {
        matrix.hazards.push(Hazard {
            id: format!("H-{hazard}"),
            text: words(""),
            causes: (0..4).map(|at| (hazard + at * 8) % rows).collect(),
        });
    }
    facts.devices = wire(&matrix);
    (matrix, facts)
}

#[test]
fn a_large_matrix_is_proved() {
    let (matrix, facts) = large(64, 32, |_| 100.0);
    let report = prove(&matrix, &facts);
    assert_eq!(report.failures, []);
    let reach = report.theorems[1];
    assert_eq!(reach.theorem, Theorem::Reach);
    // A row each, and half of the cells at two final elements each.
    assert_eq!(reach.claims, 64 + 64 * 32 / 2 * 2);
}

#[test]
fn a_matrix_of_plant_size_is_proved() {
    let (matrix, facts) = large(29, 16, |_| 100.0);
    let report = prove(&matrix, &facts);
    assert_eq!(report.failures, []);
}

#[test]
fn a_large_matrix_full_of_contradictions_is_refuted() {
    let (matrix, facts) = large(64, 32, |column| column as f64);
    let report = prove(&matrix, &facts);
    assert!(report.failures.iter().all(|f| f.fault == Fault::Defeated));
    // Column 0 is wired first, so that it always wins.
    let zero = |failure: &matrix::proof::Failure| failure.message.contains("(E0");
    assert!(!report.failures.iter().any(zero));
    assert_eq!(report.failures.len(), 64 * 31 / 2);
}

#[test]
fn a_long_vote_is_proved() {
    let (mut matrix, mut facts) = large(16, 4, |_| 100.0);
    for row in &mut matrix.causes {
        let more = row.channels.clone().into_iter().map(|channel| Channel {
            tag: format!("{}-2", channel.tag),
            on_bad: OnBad::Exclude,
            ..channel
        });
        let more: Vec<Channel> = more.collect();
        row.channels.extend(more);
        row.m = 4;
        for channel in &row.channels {
            facts.age_s.insert(channel.tag.clone(), 0.25);
        }
    }
    assert_eq!(prove(&matrix, &facts).failures, []);
}

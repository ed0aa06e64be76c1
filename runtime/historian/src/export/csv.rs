//! CSV after RFC 4180.

use super::{Exported, failed};
use crate::fault::HistoryError;
use crate::reader::HistoryReader;
use crate::spec::{Item, Point};
use signal::{Kind, Utc};
use std::io::Write;

/// Writes what is stored of some tags in `[from_ns, to_ns)`, one row a point or gap:
/// tag, time, scan, value, quality, gap. Times are ISO 8601 with nanoseconds; a gap
/// has its end in the last column but one.
///
/// # Errors
/// The reader's and the writer's.
pub fn write_csv(
    reader: &HistoryReader,
    tags: &[&str],
    from_ns: i64,
    to_ns: i64,
    mut out: impl Write,
) -> Result<Exported, HistoryError> {
    let mut exported = Exported::default();
    write!(out, "tag,time,scan,value,quality,gap_end,gap\r\n").map_err(failed)?;
    for tag in tags {
        let name = cell(tag);
        for item in reader.read(tag, from_ns, to_ns)? {
            match item? {
                Item::Before(point) | Item::Point(point) => {
                    exported.points += 1;
                    write!(
                        out,
                        "{name},{},{},{},{},,\r\n",
                        time(point.utc_ns),
                        point.seq,
                        value(&point),
                        point.quality
                    )
                    .map_err(failed)?;
                }
                Item::Gap(gap) => {
                    exported.gaps += 1;
                    write!(
                        out,
                        "{name},{},,,,{},{}\r\n",
                        time(gap.from_ns),
                        time(gap.to_ns),
                        gap.kind.word()
                    )
                    .map_err(failed)?;
                }
            }
        }
    }
    out.flush().map_err(failed)?;
    Ok(exported)
}

/// A text as a cell. One that a spreadsheet would take for a formula is led by an
/// apostrophe (OWASP, "CSV Injection").
fn cell(text: &str) -> String {
    let is_formula = text.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let lead = if is_formula { "'" } else { "" };
    let text = format!("{lead}{text}");
    if text.contains([',', '"', '\n', '\r']) {
        return format!("\"{}\"", text.replace('"', "\"\""));
    }
    text
}

fn value(point: &Point) -> String {
    match point.kind {
        // The shortest text that reads back to the same bits.
        Kind::Real => f64::from_bits(point.bits).to_string(),
        Kind::Bool => u64::from(point.bits != 0).to_string(),
        Kind::Int => (point.bits as i64).to_string(),
    }
}

fn time(utc_ns: i64) -> String {
    let text = Utc(utc_ns).to_string();
    let below_ms = utc_ns.rem_euclid(1_000_000);
    match text.strip_suffix('Z') {
        Some(whole) if below_ms != 0 => format!("{whole}{below_ms:06}Z"),
        _ => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_never_becomes_a_formula_or_two_cells() {
        assert_eq!(cell("TT-101.PV"), "TT-101.PV");
        assert_eq!(cell("=1+1"), "'=1+1");
        assert_eq!(cell("a,\"b\""), "\"a,\"\"b\"\"\"");
    }

    #[test]
    fn nanoseconds_are_told_only_where_there_are_any() {
        assert_eq!(time(1_500_000_000), "1970-01-01T00:00:01.500Z");
        assert_eq!(time(1_500_000_007), "1970-01-01T00:00:01.500000007Z");
    }
}

//! Plant text of any size, as an engineer would have written it.

use std::fmt::Write;

/// Loops of one trip group.
pub const GROUP_LOOPS: usize = 20;
/// Loops in one unit file.
const FILE_LOOPS: usize = 100;

/// How many loops and trip groups make so many blocks: five blocks a loop, and a
/// trip group for every twenty loops.
pub const fn sizes(blocks: usize) -> (usize, usize) {
    let groups = blocks.div_ceil(5 * GROUP_LOOPS + 1);
    ((blocks - groups) / 5, groups)
}

fn plant(period_ms: u64) -> String {
    format!(
        r#"
[plant]
name = "bench"
title = {{ en = "Bench", zh = "测试" }}

[[task]]
name = "fast"
period_ms = {period_ms}

[[driver]]
name = "io1"
kind = "modbus"
host = "127.0.0.1"
classes = [{{ name = "fast", period_ms = {period_ms} }}]
"#
    )
}

fn unit(number: usize) -> String {
    format!(
        r#"
[unit]
name = "U-{number}"
title = {{ en = "Unit {number}", zh = "单元 {number}" }}
area = "U100"
task = "fast"
"#
    )
}

/// Files of a plant of loops: analog input, filter, PID in AUTO, limit switch (even
/// loops) or cause (odd loops), analog output that obeys a trip group.
pub fn loops(loops: usize, groups: usize, period_ms: u64) -> Vec<(String, String)> {
    let mut files = vec![("plant.toml".to_string(), plant(period_ms))];
    for from in (0..loops).step_by(FILE_LOOPS) {
        let number = from / FILE_LOOPS + 1;
        let mut text = unit(number);
        for i in from..(from + FILE_LOOPS).min(loops) {
            one_loop(&mut text, i, i * groups / loops);
        }
        files.push((format!("units/u{number:04}.toml"), text));
    }
    let mut text = unit(9_999);
    for group in 0..groups {
        let first = |group: usize| (group * loops).div_ceil(groups);
        trip_group(&mut text, group, first(group)..first(group + 1));
    }
    files.push(("units/z-trips.toml".to_string(), text));
    files
}

fn one_loop(text: &mut String, i: usize, group: usize) {
    let n = 10_000 + i;
    let kp = 0.5 + 0.001 * (i % 100) as f64;
    let switch = if i.is_multiple_of(2) {
        format!(
            r#"
[[block]]
name = "TSH-{n}"
kind = "COMPARE"
desc = {{ en = "Temperature high", zh = "温度高" }}
in = "TT-{n}.PV"
limit = 120.0
when = "above"
hysteresis = 2.0
on_bad = "true"
"#
        )
    } else {
        format!(
            r#"
[[block]]
name = "TSH-{n}"
kind = "CAUSE"
desc = {{ en = "Temperature high high", zh = "温度高高" }}
reason = "runaway, HAZOP node 2"
of = ["TT-{n}.PV"]
limit = 120.0
when = "above"
hysteresis = 2.0
on_delay_s = 1.0
"#
        )
    };
    // Writing to a String cannot fail.
    let _ = write!(
        text,
        r#"
[[input]]
tag = "TT-{n}.RAW"
driver = "io1"
address = "ir{i}"
scale = 0.001

[[output]]
tag = "TV-{n}.CMD"
driver = "io1"
address = "hr{i}"
scale = 0.01
fail_safe = 0.0

[[block]]
name = "TT-{n}"
kind = "AI"
desc = {{ en = "Temperature", zh = "温度" }}
raw = "TT-{n}.RAW"
lo = 0.0
hi = 150.0
unit = "°C"

[[block]]
name = "TY-{n}"
kind = "FILTER"
desc = {{ en = "Temperature, smoothed", zh = "温度滤波" }}
in = "TT-{n}.PV"
tau_s = 2.0

[[block]]
name = "TIC-{n}"
kind = "PID"
desc = {{ en = "Temperature control", zh = "温度控制" }}
in = "TY-{n}.OUT"
action = "reverse"
kp = {kp}
ti_s = 60.0
td_s = 4.0
sp = 75.0
out = 50.0
mode = 1
{switch}
[[block]]
name = "TV-{n}"
kind = "AOUT"
desc = {{ en = "Heating valve", zh = "加热阀" }}
demand = "TIC-{n}.OUT"
safe = 0.0
trips = [{{ when = "RG-{group}.E1", value = 0.0 }}]
"#
    );
}

fn trip_group(text: &mut String, group: usize, loops: std::ops::Range<usize>) {
    let _ = write!(
        text,
        r#"
[[block]]
name = "RG-{group}"
kind = "INTERLOCK"
desc = {{ en = "Trip group", zh = "联锁组" }}
reason = "cause-and-effect matrix"
causes = [
"#
    );
    for i in loops {
        let n = 10_000 + i;
        let pin = if i.is_multiple_of(2) { "OUT" } else { "TRIP" };
        let _ = writeln!(
            text,
            "    {{ cause = \"TSH-{n}.{pin}\", effects = [\"E1\"], text = {{ en = \"High\", zh = \"高\" }} }},"
        );
    }
    text.push_str("]\n");
}

/// Files of a plant of bare controllers in AUTO, each reading its own point.
pub fn controllers(count: usize, period_ms: u64) -> Vec<(String, String)> {
    let mut files = vec![("plant.toml".to_string(), plant(period_ms))];
    for from in (0..count).step_by(5 * FILE_LOOPS) {
        let number = from / (5 * FILE_LOOPS) + 1;
        let mut text = unit(number);
        for i in from..(from + 5 * FILE_LOOPS).min(count) {
            let n = 10_000 + i;
            let _ = write!(
                text,
                r#"
[[input]]
tag = "TT-{n}.PV"
driver = "io1"
address = "ir{i}"
scale = 0.01

[[block]]
name = "TIC-{n}"
kind = "PID"
desc = {{ en = "Temperature control", zh = "温度控制" }}
in = "TT-{n}.PV"
action = "reverse"
kp = 0.5
ti_s = 60.0
td_s = 4.0
sp = 75.0
out = 50.0
mode = 1
"#
            );
        }
        files.push((format!("units/u{number:04}.toml"), text));
    }
    files
}

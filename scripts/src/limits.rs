//! What a script may use at most. Each limit is a design value of this product,
//! chosen so that a script at all of its limits harms nothing but itself.

use std::time::Duration;

/// Scripts of one plant.
pub const SCRIPTS_MAX: usize = 16;
/// Characters of a script.
pub const TEXT_BYTES_MAX: usize = 128 << 10;
/// Operations of one run unless the plant's text says otherwise.
pub const OPERATIONS_DEFAULT: u64 = 100_000;
/// Operations of one run that the plant's text may allow.
pub const OPERATIONS_MAX: u64 = 1_000_000;
/// Growth of the station's memory during one run, bytes. It is looked at every
/// [`MEMORY_EVERY`] operations: a run of fewer is not judged.
pub const MEMORY_BYTES_MAX: u64 = 64 << 20;
/// Operations between two looks at the memory.
pub const MEMORY_EVERY: u64 = 1_024;
/// Longest run. Operations bound a run already; this bounds runs whose single
/// operations are long, such as the sorting of an array.
pub const RUN_MAX: Duration = Duration::from_secs(2);
/// Functions that call each other.
pub const CALL_LEVELS_MAX: usize = 12;
/// Nesting of an expression outside and inside of functions.
pub const EXPRESSION_DEPTH_MAX: usize = 32;
/// Functions of a script.
pub const FUNCTIONS_MAX: usize = 64;
/// Variables that are visible at one place.
pub const VARIABLES_MAX: usize = 64;
/// Bytes of a text.
pub const STRING_BYTES_MAX: usize = 4 << 10;
/// Items of an array, of arrays within it too.
pub const ARRAY_MAX: usize = 1_000;
/// Entries of a map, of maps within it too.
pub const MAP_MAX: usize = 500;
/// Bytes of `state` between runs, as counted by its keys, texts and values.
pub const STATE_BYTES_MAX: usize = 64 << 10;
/// Levels of `state`.
pub const STATE_DEPTH_MAX: usize = 8;
/// Tags that one script may declare for reading.
pub const READS_MAX: usize = 256;
/// Tags that one script may declare for writing; each is written once a run at most.
pub const WRITES_MAX: usize = 32;
/// Lines printed by one run.
pub const LINES_PER_RUN_MAX: usize = 8;
/// Lines of one script in a minute of runs.
pub const LINES_PER_MINUTE_MAX: u32 = 20;
/// Characters of a printed line.
pub const LINE_CHARS_MAX: usize = 200;
/// Shortest period, seconds.
pub const PERIOD_S_MIN: f64 = 0.1;
/// Longest period, seconds: one hour.
pub const PERIOD_S_MAX: f64 = 3_600.0;
/// Stack of the thread of a script, bytes. The depths above need a fraction of it.
pub const STACK_BYTES: usize = 4 << 20;

const _: () = {
    assert!(OPERATIONS_DEFAULT <= OPERATIONS_MAX);
    assert!(STRING_BYTES_MAX <= STATE_BYTES_MAX);
};

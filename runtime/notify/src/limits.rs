//! Every bound of this crate. Design defaults of this product unless a source is named.

/// Highest priority. It is never gathered into a digest and never waits for morning.
pub const PRIORITY_HIGHEST: u8 = 1;
/// Lowest priority. Source: ISA-18.2 practice of at most four, journal below.
pub const PRIORITY_LOWEST: u8 = 9;
/// People, rosters, profiles, channels of a plant, each.
pub const ENTRIES_MAX: usize = 200;
/// Steps of a profile, shifts of a roster, people of a step, each.
pub const STEPS_MAX: usize = 50;
/// Notices that are being told at one time.
pub const ACTIVE_MAX: usize = 2_000;
/// Deliveries that are under way at one time.
pub const DELIVERIES_MAX: usize = 20_000;
/// Records that wait for the caller.
pub const RECORDS_MAX: usize = 100_000;
/// Receipt links that are remembered.
pub const TOKENS_MAX: usize = 20_000;
/// Lines of a digest; the rest is counted.
pub const DIGEST_LINES_MAX: usize = 40;
/// Characters of one line of plant text in a message.
pub const LINE_CHARS_MAX: usize = 200;
/// Characters of a short message. Longer ones are cut. Source: ten parts of 67
/// characters, what a concatenated message of 3GPP TS 23.040 in UCS-2 usually may have.
pub const SHORT_CHARS_MAX: usize = 670;
/// Characters of what a server said that are kept.
pub const SAID_CHARS_MAX: usize = 160;
/// Bytes of an answer that are read.
pub const ANSWER_BYTES_MAX: u64 = 65_536;
/// Bytes of a file with a secret or certificates.
pub const FILE_BYTES_MAX: u64 = 1_048_576;

const _: () = assert!(PRIORITY_HIGHEST < PRIORITY_LOWEST);
const _: () = assert!(ACTIVE_MAX <= DELIVERIES_MAX);
const _: () = assert!(DIGEST_LINES_MAX * LINE_CHARS_MAX < ANSWER_BYTES_MAX as usize);

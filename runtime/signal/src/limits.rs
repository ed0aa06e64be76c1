//! Every limit of the system, in one place, asserted against each other.

/// Tags of one task's image, requests and delayed copies included.
pub const CELLS_MAX: usize = 1 << 20;
/// Blocks of one task.
pub const BLOCKS_MAX: usize = 200_000;
/// Tasks of one plant.
pub const TASKS_MAX: usize = 16;
/// Drivers of one plant.
pub const DRIVERS_MAX: usize = 64;
/// Points of one driver.
pub const POINTS_MAX: usize = 65_536;
/// Shortest task period in nanoseconds: 1 ms.
pub const PERIOD_NS_MIN: u64 = 1_000_000;
/// Longest task period in nanoseconds: 60 s.
pub const PERIOD_NS_MAX: u64 = 60_000_000_000;
/// Commands admitted to one scan; the rest waits for the next.
pub const COMMANDS_PER_SCAN_MAX: usize = 64;
/// Commands waiting between the desk and one task.
pub const COMMANDS_WAITING_MAX: usize = 1_024;
/// Characters of a tag name.
pub const NAME_CHARS_MAX: usize = 64;
/// Bytes of one plant file.
pub const PLANT_FILE_BYTES_MAX: usize = 4 << 20;
/// Bytes of a plant, all files together.
pub const PLANT_BYTES_MAX: usize = 64 << 20;
/// Channels of one vote.
pub const VOTE_CHANNELS_MAX: usize = 8;
/// Causes of one interlock.
pub const CAUSES_MAX: usize = 64;

const _: () = {
    assert!(COMMANDS_PER_SCAN_MAX <= COMMANDS_WAITING_MAX);
    assert!(PERIOD_NS_MIN < PERIOD_NS_MAX);
    assert!(PLANT_FILE_BYTES_MAX <= PLANT_BYTES_MAX);
    assert!(CELLS_MAX <= u32::MAX as usize);
    assert!(CAUSES_MAX <= 64, "a cause set is one 64-bit word");
};

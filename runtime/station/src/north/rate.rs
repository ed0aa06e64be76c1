//! How often clients may write.

/// Time that a write costs, nanoseconds: ten writes a second go on for ever. Design
/// default of this product: every write is a deed on disk, and a client that writes
/// in every cycle would fill it.
const COST_NS: i64 = 100_000_000;
/// Writes that may come at once, such as the set-points of a recipe.
pub const WRITES_AT_ONCE_MAX: i64 = 64;

/// What becomes of a write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rate {
    /// It goes on.
    Within,
    /// It is the first beyond the rate: worth a line in the record.
    Exceeded,
    /// It is one of more beyond the rate.
    StillExceeded,
}

/// The generic cell rate algorithm (ITU-T I.371) over one server's writes.
#[derive(Clone, Copy, Debug)]
pub struct WriteRate {
    /// When everything taken so far is paid for.
    paid_ns: i64,
    is_exceeded: bool,
}

impl WriteRate {
    /// Nothing taken yet.
    pub const fn new() -> WriteRate {
        WriteRate {
            paid_ns: i64::MIN,
            is_exceeded: false,
        }
    }

    /// Judges a write at this time.
    pub fn judge(&mut self, now_ns: i64) -> Rate {
        let debt_ns_max = WRITES_AT_ONCE_MAX * COST_NS;
        // More debt than there can be: the clock was set back.
        if self.paid_ns.saturating_sub(now_ns) > debt_ns_max {
            self.paid_ns = now_ns;
        }
        let paid_ns = self.paid_ns.max(now_ns) + COST_NS;
        if paid_ns - now_ns > debt_ns_max {
            let was_exceeded = std::mem::replace(&mut self.is_exceeded, true);
            return if was_exceeded {
                Rate::StillExceeded
            } else {
                Rate::Exceeded
            };
        }
        self.is_exceeded = false;
        self.paid_ns = paid_ns;
        Rate::Within
    }
}

impl Default for WriteRate {
    fn default() -> Self {
        WriteRate::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_passes_and_then_ten_a_second() {
        let mut rate = WriteRate::new();
        let start = 1_700_000_000_000_000_000;
        for _ in 0..WRITES_AT_ONCE_MAX {
            assert_eq!(rate.judge(start), Rate::Within);
        }
        assert_eq!(rate.judge(start), Rate::Exceeded);
        assert_eq!(rate.judge(start), Rate::StillExceeded);
        let hour = 3_600_000;
        let passed = (0..hour)
            .filter(|ms| rate.judge(start + ms * 1_000_000) == Rate::Within)
            .count();
        assert_eq!(passed as i64, hour / 100 - 1);
    }

    #[test]
    fn a_clock_set_back_locks_nobody_out() {
        let mut rate = WriteRate::new();
        let start = 1_700_000_000_000_000_000;
        assert_eq!(rate.judge(start), Rate::Within);
        assert_eq!(rate.judge(start - 3_600_000_000_000), Rate::Within);
    }
}

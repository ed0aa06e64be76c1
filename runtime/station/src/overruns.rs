//! What people are told of scans that overrun: the first at once, those that follow
//! together once a minute, so that a machine too slow for its plant does not fill the
//! list of events. The alarm tag and the watchdog do not wait for this.

use gateway::desk::Text;

/// Time for which overruns are gathered after one was told, nanoseconds.
pub const DIGEST_NS: i64 = 60_000_000_000;

/// Something to tell of a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum News {
    /// The first after a quiet time.
    First {
        /// Overruns since the start.
        total: u64,
    },
    /// What came after it.
    More {
        /// Overruns since the last news.
        count: u64,
        /// Overruns since the start.
        total: u64,
    },
}

impl News {
    /// In words.
    pub fn text(self, task: &str) -> Text {
        match self {
            News::First { total } => Text::new(
                format!("task {task}: a scan overran its period, {total} since the start"),
                format!("任务 {task}:扫描超时,启动以来 {total} 次"),
            ),
            News::More { count, total } => Text::new(
                format!(
                    "task {task}: {count} more scans overran their period, {total} since the start"
                ),
                format!("任务 {task}:又有 {count} 次扫描超时,启动以来 {total} 次"),
            ),
        }
    }
}

/// What was told of one task.
#[derive(Clone, Copy, Debug, Default)]
pub struct OverrunNews {
    told: u64,
    /// When something was told last, monotonic nanoseconds; none in quiet times.
    at_ns: Option<i64>,
}

impl OverrunNews {
    /// What is to be told, with so many overruns since the start.
    pub fn look(&mut self, total: u64, now_ns: i64) -> Option<News> {
        let count = total.saturating_sub(self.told);
        let is_gathering = self.at_ns.is_some_and(|at| now_ns - at < DIGEST_NS);
        if is_gathering {
            return None;
        }
        let was_quiet = self.at_ns.is_none();
        self.told = total;
        self.at_ns = (count > 0).then_some(now_ns);
        match count {
            0 => None,
            _ if was_quiet => Some(News::First { total }),
            _ => Some(News::More { count, total }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const S: i64 = 1_000_000_000;

    #[test]
    fn the_first_is_told_at_once_and_what_follows_once_a_minute() {
        let mut news = OverrunNews::default();
        assert_eq!(news.look(0, 0), None);
        assert_eq!(news.look(1, S), Some(News::First { total: 1 }));
        for second in 2..61 {
            assert_eq!(news.look(second as u64, second * S), None);
        }
        let more = News::More {
            count: 60,
            total: 61,
        };
        assert_eq!(news.look(61, 61 * S), Some(more));
        // A quiet minute, then the next is a first again.
        assert_eq!(news.look(61, 121 * S), None);
        assert_eq!(news.look(62, 122 * S), Some(News::First { total: 62 }));
    }

    #[test]
    fn one_alone_is_told_once() {
        let mut news = OverrunNews::default();
        let told = (0..1_000).filter_map(|second| news.look(7, second * S));
        assert_eq!(told.count(), 1);
    }
}

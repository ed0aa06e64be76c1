//! A time limit for one request after the other, with one timer.
//!
//! A timer of its own for every request would be entered into the runtime's wheel
//! and taken out again thousands of times a second, though hardly one ever ends. This
//! one stays armed for an early instant and looks again when it gets there.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::task::Poll;

use tokio::time::{Instant, Sleep, sleep_until};

/// The time limit has passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Elapsed;

/// One timer for all limits.
pub(crate) struct Deadline {
    timer: Pin<Box<Sleep>>,
}

impl Deadline {
    /// Must be called within a runtime.
    pub(crate) fn new() -> Deadline {
        Deadline {
            timer: Box::pin(sleep_until(Instant::now())),
        }
    }

    /// Waits for `work`, but no longer than to this instant.
    pub(crate) async fn within<F: Future>(
        &mut self,
        limit: Instant,
        work: F,
    ) -> Result<F::Output, Elapsed> {
        let mut work = pin!(work);
        let timer = &mut self.timer;
        poll_fn(|context| {
            if let Poll::Ready(output) = work.as_mut().poll(context) {
                return Poll::Ready(Ok(output));
            }
            if timer.deadline() > limit {
                timer.as_mut().reset(limit);
            }
            while timer.as_mut().poll(context).is_ready() {
                if Instant::now() >= limit {
                    return Poll::Ready(Err(Elapsed));
                }
                timer.as_mut().reset(limit);
            }
            Poll::Pending
        })
        .await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;
    use tokio::time::sleep;

    const MS: Duration = Duration::from_millis(1);

    #[tokio::test(start_paused = true)]
    async fn each_request_has_its_whole_time_and_no_more() {
        let mut deadline = Deadline::new();
        for _ in 0..5 {
            let limit = Instant::now() + 100 * MS;
            let outcome = deadline.within(limit, sleep(99 * MS)).await;
            assert_eq!(outcome, Ok(()));
            let begun = Instant::now();
            let outcome = deadline.within(begun + 100 * MS, sleep(102 * MS)).await;
            assert_eq!(outcome, Err(Elapsed));
            assert!(begun.elapsed() >= 100 * MS && begun.elapsed() < 102 * MS);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_nearer_limit_after_a_farther_one_is_kept() {
        let mut deadline = Deadline::new();
        let far = Instant::now() + 1_000 * MS;
        assert_eq!(deadline.within(far, sleep(5 * MS)).await, Ok(()));
        let begun = Instant::now();
        let outcome = deadline.within(begun + 10 * MS, sleep(500 * MS)).await;
        assert_eq!(outcome, Err(Elapsed));
        assert!(begun.elapsed() < 12 * MS);
    }
}

//! Waiting on a thread: for a time, and for an answer of the desk.

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

/// Waits until then; false if `stop` was set meanwhile.
pub(crate) fn until(then: Instant, stop: &AtomicBool) -> bool {
    loop {
        if stop.load(Ordering::Acquire) {
            return false;
        }
        let now = Instant::now();
        if now >= then {
            return true;
        }
        thread::park_timeout(then - now);
    }
}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// The result of a future, or `None` if it took too long or `stop` was set.
pub(crate) fn answer<R>(
    future: impl Future<Output = R>,
    longest: Duration,
    stop: &AtomicBool,
) -> Option<R> {
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut context = Context::from_waker(&waker);
    let mut future = pin!(future);
    let end = Instant::now() + longest;
    loop {
        if let Poll::Ready(result) = future.as_mut().poll(&mut context) {
            return Some(result);
        }
        let now = Instant::now();
        if now >= end || stop.load(Ordering::Acquire) {
            return None;
        }
        thread::park_timeout(end - now);
    }
}

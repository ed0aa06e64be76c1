//! The operating system, where the scan thread needs it: absolute sleep, real-time
//! priority, locked memory, processor affinity. The only unsafe code of the system.

use core::fmt;
use std::mem::MaybeUninit;

/// What was asked of the kernel and refused, for one plain message at start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotGranted {
    /// What was asked.
    pub what: &'static str,
    /// What the kernel said.
    pub why: String,
    /// What follows, and what to do.
    pub consequence: &'static str,
}

impl fmt::Display for NotGranted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} not granted ({}): {}",
            self.what, self.why, self.consequence
        )
    }
}

fn last_error() -> String {
    std::io::Error::last_os_error().to_string()
}

/// Nanoseconds of the monotonic clock.
pub fn monotonic_ns() -> i64 {
    read_clock(libc::CLOCK_MONOTONIC)
}

/// Nanoseconds since 1970-01-01T00:00:00Z.
pub fn utc_ns() -> i64 {
    read_clock(libc::CLOCK_REALTIME)
}

/// Local time less UTC, minutes.
pub fn utc_offset_min() -> i16 {
    let now = utc_ns().div_euclid(1_000_000_000);
    let mut local = MaybeUninit::<libc::tm>::uninit();
    // SAFETY: both pointers are valid for the call; the result is looked at only if the
    // call says that it was written.
    let offset_s = unsafe {
        if libc::localtime_r(&now, local.as_mut_ptr()).is_null() {
            return 0;
        }
        local.assume_init().tm_gmtoff
    };
    i16::try_from(offset_s / 60).unwrap_or(0)
}

/// Bytes that the file system of a folder has left for this user.
pub fn free_bytes(folder: &std::path::Path) -> Option<u64> {
    let path = std::ffi::CString::new(folder.as_os_str().as_encoded_bytes()).ok()?;
    let mut stat = MaybeUninit::<libc::statvfs>::uninit();
    // SAFETY: the path ends with zero and `stat` is read only if the call has filled it.
    let stat = unsafe {
        if libc::statvfs(path.as_ptr(), stat.as_mut_ptr()) != 0 {
            return None;
        }
        stat.assume_init()
    };
    Some(stat.f_bavail.saturating_mul(stat.f_frsize))
}

/// Whether somebody, such as NTP or PTP, keeps the wall clock right by what the kernel was
/// told; none if it does not say.
pub fn is_clock_kept() -> Option<bool> {
    let mut state = MaybeUninit::<libc::timex>::zeroed();
    // SAFETY: a timex of zeros is valid and asks for no change; the kernel writes into it,
    // and it outlives the call.
    let (told, status) = unsafe {
        let told = libc::adjtimex(state.as_mut_ptr());
        (told, state.assume_init().status)
    };
    (told >= 0).then_some(told != libc::TIME_ERROR && status & libc::STA_UNSYNC == 0)
}

fn read_clock(clock: libc::clockid_t) -> i64 {
    let mut time = MaybeUninit::<libc::timespec>::uninit();
    // SAFETY: `time` is a valid place for one timespec, and both clocks exist on
    // every Linux, so the call cannot fail and always writes it.
    let time = unsafe {
        libc::clock_gettime(clock, time.as_mut_ptr());
        time.assume_init()
    };
    time.tv_sec * 1_000_000_000 + time.tv_nsec
}

/// Sleeps until an instant of the monotonic clock; returns at once if it has passed.
pub fn sleep_until(monotonic_ns: i64) {
    let time = libc::timespec {
        tv_sec: monotonic_ns.div_euclid(1_000_000_000),
        tv_nsec: monotonic_ns.rem_euclid(1_000_000_000),
    };
    loop {
        // SAFETY: `time` outlives the call; no remainder is asked for.
        let result = unsafe {
            libc::clock_nanosleep(
                libc::CLOCK_MONOTONIC,
                libc::TIMER_ABSTIME,
                &raw const time,
                std::ptr::null_mut(),
            )
        };
        if result != libc::EINTR {
            return;
        }
    }
}

/// Waits for this time at the clock, without sleep.
pub fn wait_until(monotonic_ns: i64) {
    while self::monotonic_ns() < monotonic_ns {
        std::hint::spin_loop();
    }
}

/// Lets a closed pipe end the process silently, as command line tools do. Not for a
/// running station: there a vanished terminal must end nothing.
pub fn end_on_closed_pipe() {
    // SAFETY: resets a signal to its default action; no handler of ours is involved.
    unsafe {
        libc::signal(libc::SIGPIPE, libc::SIG_DFL);
    }
}

/// Takes away the echo of the terminal on standard input until it is dropped; without
/// effect where there is no terminal.
#[derive(Debug)]
pub struct WithoutEcho {
    before: Option<libc::tcflag_t>,
}

/// Begins typing without echo.
pub fn without_echo() -> WithoutEcho {
    let before = set_local_flags(|flags| flags & !libc::ECHO);
    WithoutEcho { before }
}

impl Drop for WithoutEcho {
    fn drop(&mut self) {
        if let Some(before) = self.before {
            set_local_flags(|_| before);
        }
    }
}

fn set_local_flags(
    change: impl FnOnce(libc::tcflag_t) -> libc::tcflag_t,
) -> Option<libc::tcflag_t> {
    let mut terminal = MaybeUninit::<libc::termios>::uninit();
    // SAFETY: `terminal` is a valid place for one termios and is read only if the call
    // that fills it succeeded; the second call reads it and keeps nothing.
    unsafe {
        if libc::tcgetattr(libc::STDIN_FILENO, terminal.as_mut_ptr()) != 0 {
            return None;
        }
        let mut terminal = terminal.assume_init();
        let before = terminal.c_lflag;
        terminal.c_lflag = change(before);
        (libc::tcsetattr(libc::STDIN_FILENO, libc::TCSAFLUSH, &raw const terminal) == 0)
            .then_some(before)
    }
}

/// Asks for real-time scheduling of the calling thread.
///
/// # Errors
/// [`NotGranted`] without the right CAP_SYS_NICE or a limit `rtprio`.
pub fn set_realtime(priority: i32) -> Result<(), NotGranted> {
    let parameters = libc::sched_param {
        sched_priority: priority,
    };
    // SAFETY: `parameters` outlives the call; 0 means the calling thread.
    let result = unsafe { libc::sched_setscheduler(0, libc::SCHED_FIFO, &raw const parameters) };
    if result == 0 {
        return Ok(());
    }
    Err(NotGranted {
        what: "real-time scheduling (SCHED_FIFO)",
        why: last_error(),
        consequence: "scans may wake late under load; grant CAP_SYS_NICE or rtprio",
    })
}

/// Asks the kernel not to gather the calling thread's wake-ups with others: by
/// default it may delay each by 50 µs to save power. Real-time threads have no such
/// slack; this is for a station that was not granted real-time scheduling.
pub fn sharpen_timers() {
    // SAFETY: sets a number of the calling thread; one nanosecond is the least.
    unsafe {
        libc::prctl(libc::PR_SET_TIMERSLACK, 1 as libc::c_ulong);
    }
}

/// Asks that no page of the process is ever swapped out.
///
/// # Errors
/// [`NotGranted`] without the right CAP_IPC_LOCK or a limit `memlock`.
pub fn lock_memory() -> Result<(), NotGranted> {
    // On fault: pages are locked when first touched, so that large reserved stacks
    // and arenas do not become resident.
    const MCL_ONFAULT: libc::c_int = 4;
    // SAFETY: no memory is passed.
    let result = unsafe { libc::mlockall(libc::MCL_CURRENT | libc::MCL_FUTURE | MCL_ONFAULT) };
    if result == 0 {
        return Ok(());
    }
    Err(NotGranted {
        what: "locked memory (mlockall)",
        why: last_error(),
        consequence: "a page fault may delay a scan; grant CAP_IPC_LOCK or memlock",
    })
}

/// Asks that the calling thread runs on one processor only.
///
/// # Errors
/// [`NotGranted`] if the processor does not exist or is not ours.
pub fn set_affinity(processor: usize) -> Result<(), NotGranted> {
    // SAFETY: an all-zero cpu_set_t is an empty set; `set` outlives the call; 0
    // means the calling thread; CPU_SET checks its bound.
    let result = unsafe {
        let mut set: libc::cpu_set_t = std::mem::zeroed();
        libc::CPU_SET(processor, &mut set);
        libc::sched_setaffinity(0, size_of::<libc::cpu_set_t>(), &raw const set)
    };
    if result == 0 {
        return Ok(());
    }
    Err(NotGranted {
        what: "processor affinity",
        why: last_error(),
        consequence: "the kernel may move the scan thread between processors",
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sleeping_until_the_past_returns() {
        let before = monotonic_ns();
        sleep_until(before - 1_000_000_000);
        sleep_until(before);
        assert!(monotonic_ns() >= before);
    }

    #[test]
    fn sleeping_until_the_future_arrives_there() {
        let then = monotonic_ns() + 3_000_000;
        sleep_until(then);
        assert!(monotonic_ns() >= then);
    }

    #[test]
    fn a_refusal_names_its_consequence() {
        let refused = set_affinity(1_000).unwrap_err();
        assert!(refused.to_string().contains("processor"));
    }
}

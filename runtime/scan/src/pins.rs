//! Pins: the only handles through which a block touches the image.
//!
//! They can be minted by the linker only, which has checked name, kind, unit and
//! single writer. After linking nothing is left to fail.

use core::marker::PhantomData;
use signal::{Kind, Signal};

/// Read access to one tag. `Copy`: any number of readers.
#[derive(Debug)]
pub struct Input<T> {
    pub(crate) slot: u32,
    kind: PhantomData<fn() -> T>,
}

impl<T> Clone for Input<T> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<T> Copy for Input<T> {}

/// Write access to one tag. Not `Clone`: the type system keeps one writer a tag.
#[derive(Debug)]
pub struct Output<T> {
    pub(crate) slot: u32,
    kind: PhantomData<fn(T)>,
}

/// Write access to one tag that seldom changes though it is a real number: a working
/// set-point, a limit in force. It is compared when written, and digest and copies
/// pass over it while it stands still. Logical and whole numbers are always so.
#[derive(Debug)]
pub struct Status<T> {
    pub(crate) slot: u32,
    kind: PhantomData<fn(T)>,
}

mod sealed {
    pub trait Sealed {}
    impl<T> Sealed for super::Output<T> {}
    impl<T> Sealed for super::Status<T> {}
}

/// A pin that a block writes: [`Output`] or [`Status`].
pub trait OutputPin<T>: sealed::Sealed {
    /// Whether the tag is expected to stand still in most scans.
    const IS_QUIET: bool;
    #[doc(hidden)]
    fn slot(&self) -> u32;
}

impl<T: Signal> OutputPin<T> for Output<T> {
    const IS_QUIET: bool = !matches!(T::KIND, Kind::Real);
    #[inline]
    fn slot(&self) -> u32 {
        self.slot
    }
}

impl<T: Signal> OutputPin<T> for Status<T> {
    const IS_QUIET: bool = true;
    #[inline]
    fn slot(&self) -> u32 {
        self.slot
    }
}

/// A momentary wish from outside: present in one scan, gone in the next.
#[derive(Debug)]
pub struct Request<T> {
    pub(crate) slot: u32,
    kind: PhantomData<fn() -> T>,
}

/// A tag that people may write and that its block also moves (a set-point that
/// tracks, a mode that is shed): the wish comes in beside it, the block owns it.
#[derive(Debug)]
pub struct Setting<T, P = Status<T>> {
    /// The tag itself.
    pub output: P,
    /// The wish.
    pub request: Request<T>,
}

/// A setting that its block moves in nearly every scan: the output of a controller.
pub type LiveSetting<T> = Setting<T, Output<T>>;

impl<T: Signal> Input<T> {
    pub(crate) const fn mint(slot: u32) -> Self {
        Input {
            slot,
            kind: PhantomData,
        }
    }
}
impl<T: Signal> Output<T> {
    pub(crate) const fn mint(slot: u32) -> Self {
        Output {
            slot,
            kind: PhantomData,
        }
    }
}
impl<T: Signal> Status<T> {
    pub(crate) const fn mint(slot: u32) -> Self {
        Status {
            slot,
            kind: PhantomData,
        }
    }
}
impl<T: Signal> Request<T> {
    pub(crate) const fn mint(slot: u32) -> Self {
        Request {
            slot,
            kind: PhantomData,
        }
    }
}

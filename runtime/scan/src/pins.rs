//! Pins: the only handles through which a block touches the image.
//!
//! They can be minted by the linker only, which has checked name, kind, unit and
//! single writer. After linking nothing is left to fail.

use core::marker::PhantomData;
use signal::Signal;

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

/// A momentary wish from outside: present in one scan, gone in the next.
#[derive(Debug)]
pub struct Request<T> {
    pub(crate) slot: u32,
    kind: PhantomData<fn() -> T>,
}

/// A tag that people may write and that its block also moves (a set-point that
/// tracks, a mode that is shed): the wish comes in beside it, the block owns it.
#[derive(Debug)]
pub struct Setting<T> {
    /// The tag itself.
    pub output: Output<T>,
    /// The wish.
    pub request: Request<T>,
}

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
impl<T: Signal> Request<T> {
    pub(crate) const fn mint(slot: u32) -> Self {
        Request {
            slot,
            kind: PhantomData,
        }
    }
}

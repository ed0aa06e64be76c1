//! What flows through Scanloop: the three machine kinds, quality, readings,
//! time, engineering units, every limit, and portable mathematics.
//!
//! This crate depends on nothing but `core`, `alloc` and `libm`. Reading order:
//! [`kind`], [`quality`], [`reading`], [`time`], [`unit`], [`limits`], [`math`].

#![forbid(unsafe_code)]
#![warn(missing_docs)]

pub mod kind;
pub mod limits;
pub mod math;
pub mod quality;
pub mod reading;
pub mod time;
pub mod unit;

pub use kind::{Kind, Signal};
pub use quality::{Level, Quality, Reason};
pub use reading::Reading;
pub use time::{ScanIndex, Utc};
pub use unit::{Dimension, Unit};

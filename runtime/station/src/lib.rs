//! The composition root: threads, wiring, the scanloop binary
#![forbid(unsafe_code)]

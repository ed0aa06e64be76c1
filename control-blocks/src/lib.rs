//! Control blocks: laws first, plumbing second
#![forbid(unsafe_code)]

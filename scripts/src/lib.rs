//! Sandboxed supervisory scripts: the seat, not yet taken
#![forbid(unsafe_code)]

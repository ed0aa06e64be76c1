//! What the engineer wrote: plant text to a linked program, with numbered diagnostics
#![forbid(unsafe_code)]

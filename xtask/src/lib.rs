//! Checks of the project by the project
#![forbid(unsafe_code)]

//! Supervisory scripts: logic above the loops, in a sandbox, never in the scan.
//!
//! A script is a client of the desk and no more. It sees the image that the pages
//! see, each value with its quality; it asks for writes as people do, and is
//! recorded and refused as they are. It runs on a thread of its own, and whatever
//! it does there – loops without end, recursion, growth, a panic – ends that script
//! and nothing else.
//!
//! ```rhai
//! let t = read("TT-101.PV");
//! if t.is_bad { return; }
//! state.high = (state.high ?? 0) + if t.value > 45.0 { 1 } else { 0 };
//! if state.high > 60 { write("TIC-101.SP", 38.0, "an hour above 45 °C"); }
//! ```
//!
//! | what a script finds | |
//! |---|---|
//! | `read("TAG")` | `.value`, `.is_good`, `.is_uncertain`, `.is_bad`, `.quality`, `.or(x)` |
//! | `write("TAG", x)`, `write("TAG", x, "why")` | asked of the desk after the run, if the run ends well |
//! | `refusal("TAG")` | why the last write of it was refused; empty if it was not |
//! | `print(x)` | a line of the event list |
//! | `state` | a map that stays from run to run, until the script or the station restarts |
//! | `run`, `period_s` | number of this run from 0, and the time between runs: there is no clock |
//!
//! Reading order: [`limits`], `sandbox`, [`script`], [`runner`]; beside them
//! [`condition`] for trials.

#![forbid(unsafe_code)]
#![warn(missing_docs)]

pub mod condition;
mod guard;
pub mod limits;
pub mod reading;
pub mod runner;
mod sandbox;
pub mod script;
mod wait;

#[cfg(test)]
mod tests;

pub use condition::Condition;
pub use reading::Reading;
pub use runner::{RunnerOptions, ScriptState, Scripts, Status};
pub use sandbox::{Asked, Fault, TextProblem};
pub use script::{Outcome, Script, ScriptText, check};

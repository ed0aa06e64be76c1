//! Control blocks: in every file the law first, a pure struct with its equation
//! and source, then the plumbing that joins it to the image, then tests.
//!
//! | folder | kinds | stage |
//! |---|---|---|
//! | [`measure`] | `AI` `DI` `MEDIAN` `SELECT` `DEVIATION` | condition |
//! | [`regulate`] | `PID` `SPLIT` `RATIO` `CLAMP_DELTA` `FILTER` `RATE` `RAMP` `TOTAL` `RATE_OF_CHANGE` | logic |
//! | [`calculate`] | `CALC` | logic |
//! | [`logic`] | `COMPARE` `AND` `OR` `XOR` `NOT` `TON` `TOF` `TP` `SR` `EDGE` `COUNT` | logic |
//! | [`sequence`] | `DOSE` | logic |
//! | [`procedure`] | `PHASE` | logic |
//! | [`dosing`] | `DOSE_RATE` `INITIATION` `LEAK_BY` `CROSS_CHECK` `OVERDOSE` `NO_FLOW` | logic |
//! | [`reaction`] | `CALORIMETRY` `AGITATION` `MEDIUM_LIMIT` `EMERGENCY_COOLING` | logic |
//! | [`inerting`] | `INERT` `LEAK_TEST` | logic |
//! | [`pressure`] | `PRESSURE_MODE` `DEPRESSURE` | logic |
//! | [`material`] | `TRANSFER` `SCALE` | logic |
//! | [`protect`] | `CAUSE` `INTERLOCK` `VOTE` `LATCH` `PERMIT` `AOUT` | protect |
//! | [`equipment`] | `VALVE` `MOTOR` | protect |
//! | [`annunciation`] | `ALARM` `ALARM_BAD` `ALARM_STATE` | logic |
//! | [`annunciation`] | `HORN` | protect |
//!
//! The doc comment of each kind is its manual: keys of plant text, tags, units,
//! behaviour on bad quality, source. Rules that hold for all of them:
//!
//! - Keys in lower case are plant text; tags in capitals are `BLOCK.TAG`. A number
//!   given where a tag may stand becomes the tuning tag `BLOCK.KEY`.
//! - "Bad" is a quality that must not be used for control. No block turns bad into
//!   good in silence: it holds, substitutes (uncertain-substituted), sheds or trips,
//!   as its manual says.
//! - A value that is not finite counts as bad and never enters the state of a block.
//! - Delays count from the scan in which their condition first holds; a delay of 0
//!   acts in that scan.
//! - `step` does not allocate, lock, block or panic.

#![forbid(unsafe_code)]
#![warn(missing_docs)]

pub mod annunciation;
pub mod calculate;
pub mod dosing;
pub mod equipment;
mod few;
pub mod inerting;
pub mod logic;
pub mod material;
pub mod measure;
pub mod pressure;
pub mod procedure;
pub mod protect;
pub mod reaction;
pub mod regulate;
mod sense;
pub mod sequence;
pub mod slope;

#[cfg(test)]
mod chain;
#[cfg(test)]
mod every_kind;
#[cfg(test)]
mod reaction_chain;
#[cfg(test)]
mod reactor;
#[cfg(test)]
mod rig;

use scan::Registry;

/// All kinds of this crate.
pub fn registry() -> Registry {
    let mut registry = Registry::new();
    registry
        .register::<measure::AnalogInput>()
        .register::<measure::DigitalInput>()
        .register::<measure::Median>()
        .register::<measure::Select>()
        .register::<measure::Deviation>()
        .register::<regulate::Pid>()
        .register::<regulate::Split>()
        .register::<regulate::Ratio>()
        .register::<regulate::ClampDelta>()
        .register::<regulate::Filter>()
        .register::<regulate::RateLimit>()
        .register::<regulate::Ramp>()
        .register::<regulate::Total>()
        .register::<regulate::RateOfChange>()
        .register::<calculate::Calc>()
        .register::<logic::Compare>()
        .register::<logic::And>()
        .register::<logic::Or>()
        .register::<logic::Xor>()
        .register::<logic::Not>()
        .register::<logic::OnDelayTimer>()
        .register::<logic::OffDelayTimer>()
        .register::<logic::PulseTimer>()
        .register::<logic::FlipFlop>()
        .register::<logic::Edge>()
        .register::<logic::Count>()
        .register::<sequence::Dose>()
        .register::<inerting::Inert>()
        .register::<inerting::LeakTest>()
        .register::<reaction::Calorimetry>()
        .register::<reaction::Agitation>()
        .register::<reaction::MediumLimit>()
        .register::<reaction::EmergencyCooling>()
        .register::<pressure::PressureMode>()
        .register::<pressure::Depressure>()
        .register::<material::Transfer>()
        .register::<material::Scale>()
        .register::<procedure::Phase>()
        .register::<annunciation::Alarm>()
        .register::<annunciation::AlarmBad>()
        .register::<annunciation::AlarmState>()
        .register::<annunciation::Horn>()
        .register::<dosing::DoseRate>()
        .register::<dosing::Initiation>()
        .register::<dosing::LeakBy>()
        .register::<dosing::CrossCheck>()
        .register::<dosing::Overdose>()
        .register::<dosing::NoFlow>()
        .register::<protect::Cause>()
        .register::<protect::Interlock>()
        .register::<protect::Vote>()
        .register::<protect::Latch>()
        .register::<protect::Permit>()
        .register::<protect::AnalogOutput>()
        .register::<equipment::Valve>()
        .register::<equipment::Motor>();
    registry
}

//! Sound and light, and the conditions that become alarms.

pub mod alarm;
pub mod alarm_bad;
pub mod alarm_state;
pub mod horn;

pub use alarm::Alarm;
pub use alarm_bad::AlarmBad;
pub use alarm_state::AlarmState;
pub use horn::Horn;

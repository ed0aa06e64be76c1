//! What plant text says of a device and its points, as plain records.
//!
//! Every field has a default except what identifies a thing, so that a plant text
//! says only what is special. The records are checked by [`crate::point`] and
//! [`DeviceConfig::check`], never by reading them.

use serde::Deserialize;

use crate::address::{Address, AddressError, Table, parse_address};
use crate::plan::PlanLimits;

/// How frames travel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Transport {
    /// Modbus TCP.
    #[default]
    Tcp,
    /// RTU frames, checksum and all, through a TCP connection to a serial gateway.
    RtuOverTcp,
    /// RTU on a serial port; needs the feature `serial`.
    Rtu,
}

/// The parity bit of a serial line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Parity {
    /// The default of Modbus over Serial Line 1.02, 2.5.1.
    #[default]
    Even,
    /// Odd.
    Odd,
    /// None; the same document then wants a second stop bit, many devices do not.
    None,
}

/// A poll class: points read together at a period, on an absolute grid.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClassConfig {
    /// Name that points refer to.
    pub name: String,
    /// Period in milliseconds.
    pub period_ms: u64,
}

/// A counter the device watches.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HeartbeatConfig {
    /// A holding register.
    pub address: String,
    /// Milliseconds between counts.
    pub period_ms: u64,
}

/// One device.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DeviceConfig {
    /// Host name or address; the path of the port for `rtu`.
    pub host: String,
    /// TCP port.
    pub port: u16,
    /// Unit identifier, 0..=255.
    pub unit_id: u8,
    /// How frames travel.
    pub transport: Transport,
    /// Bits per second, for `rtu`.
    pub baud: u32,
    /// Parity bit, for `rtu`.
    pub parity: Parity,
    /// Stop bits, 1 or 2, for `rtu`.
    pub stop_bits: u8,
    /// Longest wait for one reply, connecting included.
    pub timeout_ms: u64,
    /// Further attempts before the device counts as lost.
    pub retries: u32,
    /// Pause before the first attempt to reach a lost device.
    pub backoff_ms_min: u64,
    /// Longest such pause; it doubles from attempt to attempt and is jittered by a quarter.
    pub backoff_ms_max: u64,
    /// Seed of the jitter, mixed with host, port and unit.
    pub seed: u64,
    /// Registers that nobody wants which one read may carry.
    pub gap_max: u16,
    /// Registers of one read, 4..=125.
    pub registers_max: u16,
    /// Bits of one read, 1..=2000.
    pub coils_max: u16,
    /// Poll classes; points without a class belong to the first.
    pub classes: Vec<ClassConfig>,
    /// How often the driver looks for a new output frame.
    pub write_poll_ms: u64,
    /// Outputs are written again, changed or not, after so long; 0: on change only.
    pub write_refresh_ms: u64,
    /// Outputs go to their fail-safe values when output frames have not advanced for so long.
    pub fail_safe_ms: u64,
    /// A counter the device watches; it counts only while output frames advance.
    pub heartbeat: Option<HeartbeatConfig>,
    /// Changed registers are written and registers read in one request (function 23).
    pub read_write_combined: bool,
    /// Connections over which reads are asked at the same time, 1 or 2; writes keep to
    /// the first. Many devices take only one: then the reads of the second go over the
    /// first (Modbus Messaging on TCP/IP Implementation Guide 1.0b, 4.2.1).
    pub connections: u8,
    /// A single coil or register is written by function 5 or 6 instead of 15 or 16.
    pub single_writes: bool,
}

impl Default for DeviceConfig {
    fn default() -> Self {
        DeviceConfig {
            host: "127.0.0.1".into(),
            port: 502,
            unit_id: 1,
            transport: Transport::Tcp,
            baud: 19_200,
            parity: Parity::Even,
            stop_bits: 1,
            timeout_ms: 500,
            retries: 2,
            backoff_ms_min: 200,
            backoff_ms_max: 5_000,
            seed: 0,
            gap_max: 8,
            registers_max: 125,
            coils_max: 2_000,
            classes: vec![ClassConfig {
                name: "default".into(),
                period_ms: 100,
            }],
            write_poll_ms: 10,
            write_refresh_ms: 1_000,
            fail_safe_ms: 2_000,
            heartbeat: None,
            read_write_combined: false,
            connections: 1,
            single_writes: false,
        }
    }
}

/// What an output is driven to when nobody commands it.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(untagged)]
pub enum FailSafeConfig {
    /// A state of a boolean.
    Bool(bool),
    /// A value of an integer or a real.
    Int(i64),
    /// A value of a real.
    Real(f64),
    /// `de-energise` or `hold`.
    Word(String),
}

/// One point.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PointConfig {
    /// Name, unique within the device.
    pub name: String,
    /// `ir0`, `hr10`, `hr5.3`, `co3`, `di4`.
    pub address: String,
    /// `bool`, `u16`, `i16`, `u32`, `i32`, `u64`, `i64`, `f32`, `f64`. Default: `bool`
    /// in bit tables and for bits of registers, otherwise `u16`.
    #[serde(default, rename = "type")]
    pub value_type: Option<String>,
    /// Byte order, `ABCD` by default.
    #[serde(default)]
    pub order: Option<String>,
    /// `value = raw × scale + offset`; either makes the point real.
    #[serde(default)]
    pub scale: Option<f64>,
    /// See `scale`.
    #[serde(default)]
    pub offset: Option<f64>,
    /// `input` or `output`; `input` by default.
    #[serde(default)]
    pub direction: Option<String>,
    /// Poll class; the first by default.
    #[serde(default)]
    pub class: Option<String>,
    /// What an output is driven to when nobody commands it; `de-energise` by default.
    #[serde(default)]
    pub fail_safe: Option<FailSafeConfig>,
    /// Lowest and highest plausible value, in the unit of the cell; outside is bad.
    #[serde(default)]
    pub plausible: Option<[f64; 2]>,
}

impl PointConfig {
    /// A point of this name and address, everything else by default.
    pub fn new(name: &str, address: &str) -> PointConfig {
        PointConfig {
            name: name.into(),
            address: address.into(),
            value_type: None,
            order: None,
            scale: None,
            offset: None,
            direction: None,
            class: None,
            fail_safe: None,
            plausible: None,
        }
    }
}

/// Why a device's record is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DeviceError {
    /// A number is outside its range.
    #[error("{field} = {found}: must be {low} to {high}")]
    OutOfRange {
        /// Name of the field.
        field: &'static str,
        /// What stands there.
        found: u64,
        /// Lowest allowed.
        low: u64,
        /// Highest allowed.
        high: u64,
    },
    /// No host is given.
    #[error("host is empty")]
    NoHost,
    /// No poll class is given.
    #[error("classes is empty; give at least one, such as {{ name = \"fast\", period_ms = 100 }}")]
    NoClass,
    /// Two poll classes of one name.
    #[error("class \"{name}\" is declared twice")]
    ClassTwice {
        /// The name.
        name: String,
    },
    /// The longest back-off is shorter than the first.
    #[error("backoff_ms_max = {max} is below backoff_ms_min = {min}")]
    BackoffReversed {
        /// `backoff_ms_min`.
        min: u64,
        /// `backoff_ms_max`.
        max: u64,
    },
    /// The heartbeat's address cannot be read.
    #[error("heartbeat: {0}")]
    HeartbeatAddress(AddressError),
    /// The heartbeat is no whole holding register.
    #[error("heartbeat address {address}: must be a holding register, such as hr10")]
    HeartbeatTable {
        /// The address.
        address: Address,
    },
    /// RTU on a serial port was not built in.
    #[error(
        "transport \"rtu\" is not part of this build; use \"rtu-over-tcp\" or build with the feature serial"
    )]
    NoSerial,
}

impl DeviceConfig {
    /// Judges the record; every fault found is returned.
    pub fn check(&self) -> Vec<DeviceError> {
        let mut errors = Vec::new();
        let day = 86_400_000;
        for (field, found, low, high) in [
            ("timeout_ms", self.timeout_ms, 1, 60_000),
            ("retries", u64::from(self.retries), 0, 10),
            ("backoff_ms_min", self.backoff_ms_min, 1, day),
            ("backoff_ms_max", self.backoff_ms_max, 1, day),
            ("registers_max", u64::from(self.registers_max), 4, 125),
            ("coils_max", u64::from(self.coils_max), 1, 2_000),
            ("gap_max", u64::from(self.gap_max), 0, 121),
            ("write_poll_ms", self.write_poll_ms, 1, 10_000),
            ("write_refresh_ms", self.write_refresh_ms, 0, day),
            ("fail_safe_ms", self.fail_safe_ms, 1, day),
            ("port", u64::from(self.port), 1, 65_535),
            ("baud", u64::from(self.baud), 300, 4_000_000),
            ("stop_bits", u64::from(self.stop_bits), 1, 2),
            (
                "connections",
                u64::from(self.connections),
                1,
                self.connections_max(),
            ),
        ] {
            if !(low..=high).contains(&found) {
                errors.push(DeviceError::OutOfRange {
                    field,
                    found,
                    low,
                    high,
                });
            }
        }
        if self.host.is_empty() {
            errors.push(DeviceError::NoHost);
        }
        if self.backoff_ms_max < self.backoff_ms_min {
            let (min, max) = (self.backoff_ms_min, self.backoff_ms_max);
            errors.push(DeviceError::BackoffReversed { min, max });
        }
        if self.transport == Transport::Rtu && !cfg!(feature = "serial") {
            errors.push(DeviceError::NoSerial);
        }
        self.check_classes(&mut errors);
        if let Err(error) = self.heartbeat_register() {
            errors.push(error);
        }
        errors
    }

    /// A serial line is one line, also behind a converter.
    fn connections_max(&self) -> u64 {
        match self.transport {
            Transport::Tcp => 2,
            Transport::Rtu | Transport::RtuOverTcp => 1,
        }
    }

    fn check_classes(&self, errors: &mut Vec<DeviceError>) {
        if self.classes.is_empty() {
            errors.push(DeviceError::NoClass);
        }
        let periods = self.classes.iter().map(|c| ("period_ms", c.period_ms));
        let heartbeat = self
            .heartbeat
            .iter()
            .map(|h| ("heartbeat.period_ms", h.period_ms));
        for (field, found) in periods.chain(heartbeat) {
            let (low, high) = (1, 3_600_000);
            if !(low..=high).contains(&found) {
                errors.push(DeviceError::OutOfRange {
                    field,
                    found,
                    low,
                    high,
                });
            }
        }
        for (index, class) in self.classes.iter().enumerate() {
            if self.classes[..index].iter().any(|c| c.name == class.name) {
                let name = class.name.clone();
                errors.push(DeviceError::ClassTwice { name });
            }
        }
    }

    /// The heartbeat's register, if there is one.
    pub fn heartbeat_register(&self) -> Result<Option<u16>, DeviceError> {
        let Some(heartbeat) = &self.heartbeat else {
            return Ok(None);
        };
        let address = parse_address(&heartbeat.address).map_err(DeviceError::HeartbeatAddress)?;
        if address.table != Table::HoldingRegisters || address.bit.is_some() {
            return Err(DeviceError::HeartbeatTable { address });
        }
        Ok(Some(address.number))
    }

    /// The limits of the poll planner.
    pub fn plan_limits(&self) -> PlanLimits {
        PlanLimits {
            gap_max: self.gap_max,
            registers_max: self.registers_max,
            coils_max: self.coils_max,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_of_plant_text_says_only_what_is_special() {
        let text = r#"
            host = "10.0.0.7"
            unit_id = 1
            classes = [{ name = "fast", period_ms = 50 }, { name = "slow", period_ms = 1000 }]
            heartbeat = { address = "hr10", period_ms = 500 }
        "#;
        let device: DeviceConfig = toml::from_str(text).expect("a device");
        assert_eq!(device.check(), []);
        assert_eq!(device.port, 502);
        assert_eq!(device.heartbeat_register(), Ok(Some(10)));
    }

    #[test]
    fn every_fault_of_a_device_is_named_at_once() {
        let text = r#"
            host = ""
            timeout_ms = 0
            backoff_ms_min = 10
            backoff_ms_max = 5
            registers_max = 126
            classes = [{ name = "a", period_ms = 0 }, { name = "a", period_ms = 1 }]
            heartbeat = { address = "ir10", period_ms = 500 }
        "#;
        let device: DeviceConfig = toml::from_str(text).expect("a device");
        let said: Vec<String> = device.check().iter().map(ToString::to_string).collect();
        for part in [
            "timeout_ms = 0",
            "registers_max = 126",
            "host is empty",
            "below backoff_ms_min",
            "period_ms = 0",
            "\"a\" is declared twice",
            "must be a holding register",
        ] {
            assert!(said.iter().any(|s| s.contains(part)), "{part}: {said:?}");
        }
        assert_eq!(said.len(), 7);
    }

    #[test]
    fn a_misspelt_key_is_refused() {
        assert!(toml::from_str::<DeviceConfig>("time_out_ms = 5").is_err());
    }

    #[test]
    fn a_serial_line_is_even_with_one_stop_bit_unless_the_text_says_otherwise() {
        let text = r#"
            transport = "rtu"
            host = "/dev/ttyUSB0"
        "#;
        let device: DeviceConfig = toml::from_str(text).expect("a device");
        let line = (device.baud, device.parity, device.stop_bits);
        assert_eq!(line, (19_200, Parity::Even, 1));
        let text = format!("{text}baud = 100\nparity = \"none\"\nstop_bits = 3");
        let device: DeviceConfig = toml::from_str(&text).expect("a device");
        assert_eq!(device.parity, Parity::None);
        let errors: Vec<String> = device.check().iter().map(ToString::to_string).collect();
        assert!(errors.contains(&"baud = 100: must be 300 to 4000000".into()));
        assert!(errors.contains(&"stop_bits = 3: must be 1 to 2".into()));
    }
}

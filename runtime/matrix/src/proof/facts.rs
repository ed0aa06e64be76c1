//! What the matrix alone does not know.

use crate::model::{Action, Test};
use std::collections::BTreeMap;

/// The plant around a matrix.
#[derive(Clone, Debug, PartialEq)]
pub struct Facts {
    /// Period of the task in which the rows are evaluated, seconds.
    pub period_s: f64,
    /// For each tag of a channel, how old its value is at worst when it arrives in the
    /// task, seconds: period of its driver class and the exchange with the device.
    pub age_s: BTreeMap<String, f64>,
    /// Range in which a real tag can be good; without limits if a tag is not named.
    pub ranges: BTreeMap<String, (f64, f64)>,
    /// Final elements, each with its trips as really wired.
    pub devices: Vec<DeviceTrips>,
    /// Permissives that are proved to be within reach.
    pub permits: Vec<Permit>,
    /// How much of the process safety time the response of a row may take, 0 to 1.
    pub safety_time_share: f64,
}

impl Default for Facts {
    /// Nothing known but the rule that a response may take half of the process safety
    /// time (CCPS, Guidelines for Safe and Reliable Instrumented Protective Systems,
    /// 2007); editable.
    fn default() -> Self {
        Facts {
            period_s: 0.0,
            age_s: BTreeMap::new(),
            ranges: BTreeMap::new(),
            devices: Vec::new(),
            permits: Vec::new(),
            safety_time_share: 0.5,
        }
    }
}

/// The trips of a final element.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DeviceTrips {
    /// Its block.
    pub device: String,
    /// In the order of the block: the first that is demanded decides.
    pub trips: Vec<WiredTrip>,
}

/// One trip of a final element.
///
/// A trip that is not the matrix's own (an unknown effect, or one of another group)
/// may be demanded at any time.
#[derive(Clone, Debug, PartialEq)]
pub struct WiredTrip {
    /// Name of the reset group whose signal is wired, `RG-1`.
    pub group: String,
    /// Which effect of it, `E1`.
    pub effect: String,
    /// What the final element gets.
    pub action: Action,
}

/// What must be so before something may begin.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Permit {
    /// Its block.
    pub name: String,
    /// All of these must hold, with good values.
    pub needs: Vec<Need>,
    /// Names of reset groups that must not be tripped.
    pub untripped: Vec<String>,
}

/// One condition of a permissive.
#[derive(Clone, Debug, PartialEq)]
pub struct Need {
    /// Tag that is looked at.
    pub tag: String,
    /// What it must be.
    pub test: Test,
}

//! What plant text says of the outputs of the field: where each lies in its I/O
//! station, and the value that it is safe at.

use super::Written;
use modbus::{Table, parse_address};
use plant::Plant;
use sim::Tables;

/// Where an output lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// A coil.
    Coil(usize),
    /// A holding register.
    Register(usize),
}

/// One output of the field.
#[derive(Clone, Debug)]
pub struct FieldOutput {
    /// Tag.
    pub tag: String,
    /// I/O station, in the order of the simulation's drivers.
    pub station: usize,
    /// Where.
    pub place: Place,
    /// Value of one count; 1 of a coil.
    pub scale: f64,
    /// What the place holds when the output is at its `fail_safe`; none: whatever it
    /// held before.
    pub safe: Option<u16>,
}

/// All outputs of a plant.
///
/// # Panics
/// If the plant has no simulation, or an output that no I/O station of it could have.
pub fn outputs(plant: &Plant) -> Vec<FieldOutput> {
    let drivers = &plant.sim.as_ref().expect("a simulation").drivers;
    let points = plant.points.iter().filter(|point| point.is_output);
    points
        .map(|point| {
            let text = |key: &str| point.settings.get(key).and_then(toml::Value::as_str);
            let real = |key: &str| point.settings.get(key).and_then(toml::Value::as_float);
            let address = parse_address(text("address").expect("an address")).expect("an address");
            let number = usize::from(address.number);
            let place = match address.table {
                Table::Coils => Place::Coil(number),
                Table::HoldingRegisters => Place::Register(number),
                table => panic!("{}: an output in {table:?}", point.tag),
            };
            let scale = real("scale").unwrap_or(1.0);
            let safe = match (text("fail_safe"), real("fail_safe")) {
                (Some("hold"), _) => None,
                (Some("de-energise"), _) => Some(0),
                (_, Some(value)) => Some((value / scale).round() as u16),
                _ => panic!("{}: {:?}", point.tag, point.settings),
            };
            let is_driver = |name: &String| *name == point.driver;
            FieldOutput {
                tag: point.tag.clone(),
                station: drivers.iter().position(is_driver).expect("an I/O station"),
                place,
                scale,
                safe,
            }
        })
        .collect()
}

impl FieldOutput {
    /// What a write to an I/O station gives to this output, if it reaches it.
    pub fn given(&self, station: usize, write: &Written) -> Option<u16> {
        match (self.place, write) {
            _ if station != self.station => None,
            (Place::Coil(coil), Written::Coils(from, values)) => {
                let value = values.get(coil.checked_sub(*from)?)?;
                Some(u16::from(*value))
            }
            (Place::Register(register), Written::Registers(from, values)) => {
                values.get(register.checked_sub(*from)?).copied()
            }
            _ => None,
        }
    }

    /// What it holds.
    pub fn held(&self, tables: &[Tables; 2]) -> u16 {
        let tables = &tables[self.station];
        match self.place {
            Place::Coil(coil) => u16::from(tables.coils[coil]),
            Place::Register(register) => tables.holding[register],
        }
    }
}

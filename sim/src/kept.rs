//! How a world is kept: what the derived forms of serde cannot say by themselves.
//!
//! Everything that a world is goes with it: balances, valves, transmitters with their
//! random streams, faults waiting and in force, work under way, tables, watchdogs. What
//! is put back goes on bit for bit as the original did.

use crate::models::Model;
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize};

/// A library entry by its name.
pub(crate) mod entry {
    use crate::faults::{Entry, library, plant_library};
    use serde::de::Error;
    use serde::{Deserialize, Deserializer, Serializer};

    pub(crate) fn serialize<S: Serializer>(
        entry: &&'static Entry,
        into: S,
    ) -> Result<S::Ok, S::Error> {
        into.serialize_str(entry.name)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<&'static Entry, D::Error> {
        let name = String::deserialize(from)?;
        let mut known = library().iter().chain(plant_library());
        let found = known.find(|entry| entry.name == name);
        found.ok_or_else(|| D::Error::custom(format!("no fault {name}")))
    }
}

/// The name of an I/O station, which a model has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct StationName(pub &'static str);

impl<'de> Deserialize<'de> for StationName {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<StationName, D::Error> {
        let name = String::deserialize(from)?;
        let mut known = Model::U100.stations().iter();
        let found = known.find(|(known, _)| *known == name);
        found
            .map(|(known, _)| StationName(known))
            .ok_or_else(|| D::Error::custom(format!("no I/O station {name}")))
    }
}

/// A table longer than serde's own arrays.
pub(crate) mod long {
    use serde::de::Error;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(crate) fn serialize<S: Serializer, const N: usize>(
        table: &[u16; N],
        into: S,
    ) -> Result<S::Ok, S::Error> {
        table.as_slice().serialize(into)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>, const N: usize>(
        from: D,
    ) -> Result<[u16; N], D::Error> {
        let words = Vec::<u16>::deserialize(from)?;
        let given = words.len();
        words
            .try_into()
            .map_err(|_| D::Error::custom(format!("{given} registers, not {N}")))
    }
}

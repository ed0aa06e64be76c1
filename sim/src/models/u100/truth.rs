//! What is true in the plant beyond its reactors, by name: for tests and scenarios.

use super::unit::U100;

/// Names of all truths beyond R-101's and R-102's.
pub const TRUTHS: [&str; 30] = [
    "TRANSFER.m3_h",
    "TRANSFER.pump",
    "TRANSFER.power_kW",
    "V104.level",
    "V104.kg",
    "V105.T",
    "V105.level",
    "E101.condensate_T",
    "N2.header_kPaG",
    "LEL.AE121",
    "LEL.AE122",
    "LEL.AE123",
    "LEL.AE124",
    "H2.AE126A",
    "H2.AE126B",
    "ROOM.O2",
    "SIS.bitmap",
    "SIS.XZV101",
    "SIS.XZV201",
    "XV118.opening",
    "MANHOLE.open",
    "MAINS",
    "HORN",
    "BEACON.red",
    "BEACON.amber",
    "FAN",
    "DOOR.sign",
    "GONE.kg",
    "GONE.leak_kg_h",
    "PLANT.held_kg",
];

impl U100 {
    /// A truth by name: R-101's plain, R-102's with `R102.`, the rest as listed.
    pub(crate) fn truth(&self, name: &str) -> Option<f64> {
        let flag = |set: bool| if set { 1.0 } else { 0.0 };
        let vapour = self.room.vapour_lel_pct();
        let hydrogen = self.room.hydrogen_lel_pct();
        Some(match name {
            "TRANSFER.m3_h" => self.line.flow_m3_h(),
            "TRANSFER.pump" => flag(self.line.is_running()),
            "TRANSFER.power_kW" => self.line.power_kw(),
            "V104.level" => self.receiver.level_pct(),
            "V104.kg" => self.receiver.held_kg(),
            "V105.T" => self.quench.temperature_c(),
            "V105.level" => self.quench.level_pct(),
            "E101.condensate_T" => self.receiver.condensate_c(),
            "N2.header_kPaG" => self.header.pressure_kpa_g(),
            "LEL.AE121" => vapour[0],
            "LEL.AE122" => vapour[1],
            "LEL.AE123" => vapour[2],
            "LEL.AE124" => vapour[3],
            "H2.AE126A" => hydrogen[0],
            "H2.AE126B" => hydrogen[1],
            "ROOM.O2" => self.room.oxygen_pct(),
            "SIS.bitmap" => f64::from(self.sis.bitmap()),
            "SIS.XZV101" => self.sis.xzv_101(),
            "SIS.XZV201" => self.sis.xzv_201(),
            "XV118.opening" => self.rack.opening(super::map::XV_118),
            "MANHOLE.open" => flag(self.manhole_is_open()),
            "MAINS" => flag(!self.upsets.power_lost),
            "HORN" => flag(self.commands.horn),
            "BEACON.red" => flag(self.commands.beacon_red),
            "BEACON.amber" => flag(self.commands.beacon_amber),
            "FAN" => flag(self.fan_runs()),
            "DOOR.sign" => flag(self.commands.door_sign),
            "GONE.kg" => self.materials.mass_kg(&self.books.gone),
            "GONE.leak_kg_h" => self.leaking_kg_s * 3600.0,
            "PLANT.held_kg" => self.held_kg(),
            _ => {
                return self
                    .autoclave
                    .truth(name)
                    .or_else(|| self.reactor.truth(name));
            }
        })
    }
}

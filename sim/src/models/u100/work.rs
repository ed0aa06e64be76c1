//! Hands in the field of the whole plant.

use super::unit::U100;
use crate::actions::{Action, Obstacle};
use crate::models::r101::Charge;
use crate::models::stream::{Liquid, METHANOL_J_KG_K, METHANOL_KG_M3};

/// Temperature of what is charged, °C.
const STORE_C: f64 = 20.0;
/// Pressure difference to the room at which a manhole can still be opened, kPa.
const MANHOLE_KPA: f64 = 5.0;
/// Gas room that charging leaves, m³.
const ROOM_LEFT_M3: f64 = 0.1;

impl U100 {
    /// Whether `action` can be begun with `kg`.
    pub(crate) fn may(&self, action: Action, kg: f64) -> Result<(), Obstacle> {
        let first_m3 = self.reactor.config().head_space.vessel_m3
            - self.reactor.conditions().volume_m3
            - ROOM_LEFT_M3;
        let second_m3 = self.autoclave.config().gas.vessel_m3
            - self.autoclave.conditions().volume_m3
            - ROOM_LEFT_M3;
        let organic_m3 = kg / self.materials.organic_kg_m3;
        let fits = match action {
            Action::ChargeSolvent | Action::ChargeA => organic_m3 <= first_m3,
            Action::ChargeNitro | Action::ChargeCatalyst => organic_m3 <= second_m3,
            Action::ChargeMethanol => kg / METHANOL_KG_M3 <= second_m3,
            _ => true,
        };
        if !fits {
            return Err(Obstacle::NoRoom);
        }
        let pressure = self.reactor.pressure_kpa_g();
        if action == Action::OpenManhole && !(-MANHOLE_KPA..=MANHOLE_KPA).contains(&pressure) {
            return Err(Obstacle::UnderPressure);
        }
        Ok(())
    }

    /// Does `action`, or as much of it as `kg`.
    pub(crate) fn perform(&mut self, action: Action, kg: f64) -> Result<(), Obstacle> {
        let warm = |kg: f64, cp: f64| kg * cp * STORE_C;
        let organic = self.materials.organic_j_kg_k;
        match action {
            Action::ChargeSolvent => {
                self.reactor.charge(Charge::Solvent, kg, STORE_C);
                self.books.charged_first.toluene_kg += kg;
            }
            Action::ChargeA => {
                self.reactor.charge(Charge::A, kg, STORE_C);
                self.books.charged_first.a_kmol += kg / self.materials.a_kg_kmol;
            }
            Action::RefillDosingVessel => {
                self.reactor.charge(Charge::DosingVessel, kg, STORE_C);
                self.books.charged_first.b_kmol += kg / self.materials.b_kg_kmol;
            }
            Action::ChargeMethanol => self.charge_second(Liquid {
                methanol_kg: kg,
                energy_j: warm(kg, METHANOL_J_KG_K),
                ..Liquid::default()
            }),
            Action::ChargeNitro => self.charge_second(Liquid {
                c_kmol: kg / self.materials.c_kg_kmol,
                energy_j: warm(kg, organic),
                ..Liquid::default()
            }),
            Action::ChargeCatalyst => self.charge_second(Liquid {
                catalyst_kg: kg,
                energy_j: warm(kg, organic),
                ..Liquid::default()
            }),
            Action::DrainR101 => self.hands.drain_kg += kg,
            Action::DischargeR102 => self.hands.discharge_kg += kg,
            Action::DrainReceiver => self.books.condensate_kg += self.receiver.drain(kg),
            Action::DrainQuench => {
                let left = self.quench.drain(kg);
                self.books.gone = self.books.gone.plus(1.0, &left);
            }
            Action::RefillQuench => {
                let water = self.quench.add_water(kg, STORE_C);
                self.books.charged_second = self.books.charged_second.plus(1.0, &water);
            }
            Action::OpenManhole => self.manhole_open = true,
            Action::CloseManhole => self.manhole_open = false,
            Action::TurnBypassKeyOn => self.bypass_key = true,
            Action::TurnBypassKeyOff => self.bypass_key = false,
            Action::CleanFilter => self.books.cake_kg += self.autoclave.clean_filter(),
            Action::FitDiscs => {
                self.reactor.replace_disc();
                self.autoclave.replace_disc();
            }
            Action::ResetSis => {
                if !self.sis.reset() {
                    return Err(Obstacle::CauseStands);
                }
            }
            Action::StopCharging => {}
        }
        Ok(())
    }

    fn charge_second(&mut self, liquid: Liquid) {
        self.autoclave.charge(&liquid);
        self.books.charged_second = self.books.charged_second.plus(1.0, &liquid);
    }
}

//! Engineering units: which symbols there are, and which may meet on a wire.
//!
//! Two units may be wired together only if they are the same unit. The dimension
//! serves the message: °C to K is a missing conversion, °C to kPa a wrong wire.
//! Symbols follow the SI brochure and ISO 80000; gauge and absolute pressure are
//! units of their own, since confusing them has burst vessels.

use core::fmt;

/// What kind of quantity a unit measures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Dimension {
    None,
    Ratio,
    Temperature,
    TemperatureDifference,
    PressureGauge,
    PressureAbsolute,
    PressureDifference,
    Mass,
    MassFlow,
    Volume,
    VolumeFlow,
    NormalVolume,
    NormalVolumeFlow,
    Amount,
    Time,
    RotationalSpeed,
    Current,
    Voltage,
    Power,
    Energy,
    HeatFlow,
    HeatTransfer,
    TemperatureRate,
    MassRate,
    PressureRate,
    Concentration,
    VolumeFraction,
    Length,
    Density,
    Conductivity,
    Acidity,
    Explosivity,
}

/// One engineering unit of the table.
#[derive(Clone, Copy)]
pub struct Unit(&'static Row);

struct Row {
    symbol: &'static str,
    dimension: Dimension,
}

macro_rules! rows {
    ($($symbol:literal $dimension:ident),* $(,)?) => {
        static TABLE: &[Row] = &[$(Row { symbol: $symbol, dimension: Dimension::$dimension }),*];
    };
}

rows! {
    "1" None,
    "%" Ratio, "‰" Ratio, "ppm" Ratio,
    "°C" Temperature, "K" TemperatureDifference, "°F" Temperature,
    "kPa(g)" PressureGauge, "bar(g)" PressureGauge, "Pa(g)" PressureGauge, "MPa(g)" PressureGauge,
    "kPa(a)" PressureAbsolute, "bar(a)" PressureAbsolute, "Pa(a)" PressureAbsolute, "mbar(a)" PressureAbsolute,
    "kPa" PressureDifference, "bar" PressureDifference, "Pa" PressureDifference, "mbar" PressureDifference,
    "kg" Mass, "g" Mass, "t" Mass, "mg" Mass,
    "kg/h" MassFlow, "kg/min" MassFlow, "kg/s" MassFlow, "g/min" MassFlow, "t/h" MassFlow,
    "m3" Volume, "L" Volume, "mL" Volume,
    "m3/h" VolumeFlow, "L/min" VolumeFlow, "L/h" VolumeFlow, "m3/s" VolumeFlow,
    "Nm3" NormalVolume, "Nm3/h" NormalVolumeFlow, "NL/min" NormalVolumeFlow,
    "mol" Amount, "kmol" Amount,
    "s" Time, "ms" Time, "min" Time, "h" Time, "d" Time,
    "rpm" RotationalSpeed, "Hz" RotationalSpeed,
    "A" Current, "mA" Current, "µA" Current, "V" Voltage, "mV" Voltage, "W" Power, "kW" Power,
    "J" Energy, "kJ" Energy, "MJ" Energy, "kWh" Energy,
    "W/K" HeatTransfer, "kW/K" HeatTransfer,
    "K/min" TemperatureRate, "K/s" TemperatureRate, "kg/min²" MassRate, "kPa/min" PressureRate,
    "mol/L" Concentration, "kmol/m3" Concentration, "g/L" Concentration,
    "vol%" VolumeFraction,
    "%LEL" Explosivity,
    "m" Length, "mm" Length, "µm" Length,
    "kg/m3" Density,
    "µS/cm" Conductivity, "mS/cm" Conductivity,
    "pH" Acidity,
}

impl Unit {
    /// A pure number.
    pub const ONE: Unit = Unit(&Row {
        symbol: "1",
        dimension: Dimension::None,
    });

    /// The unit of this symbol, or `None` if the table does not have it.
    /// The empty text and "–" mean a pure number.
    pub fn parse(symbol: &str) -> Option<Unit> {
        if matches!(symbol, "" | "-" | "–" | "1") {
            return Some(Unit::ONE);
        }
        TABLE.iter().find(|row| row.symbol == symbol).map(Unit)
    }

    /// The symbol as printed.
    pub const fn symbol(self) -> &'static str {
        self.0.symbol
    }

    /// The quantity measured.
    pub const fn dimension(self) -> Dimension {
        self.0.dimension
    }

    /// Every symbol of the table.
    pub fn symbols() -> impl Iterator<Item = &'static str> {
        TABLE.iter().map(|row| row.symbol)
    }
}

impl PartialEq for Unit {
    fn eq(&self, other: &Unit) -> bool {
        self.0.symbol == other.0.symbol
    }
}
impl Eq for Unit {}

impl fmt::Debug for Unit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Unit({})", self.0.symbol)
    }
}
impl fmt::Display for Unit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.symbol)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn symbols_are_unique_and_parse_to_themselves() {
        for symbol in Unit::symbols() {
            assert_eq!(Unit::parse(symbol).map(Unit::symbol), Some(symbol));
            assert_eq!(Unit::symbols().filter(|s| *s == symbol).count(), 1);
        }
    }

    #[test]
    fn gauge_is_not_absolute() {
        assert_ne!(Unit::parse("kPa(g)"), Unit::parse("kPa(a)"));
        assert_ne!(Unit::parse("kPa(g)"), Unit::parse("kPa"));
    }

    #[test]
    fn unknown_symbols_are_refused() {
        assert_eq!(Unit::parse("furlong"), None);
    }
}

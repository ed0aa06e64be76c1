//! A small plant that loads and uses most of the notation.

use plant::Sources;

/// `plant.toml`.
pub const PLANT: &str = r#"[plant]
name = "small"
title = { en = "Small plant", zh = "小装置" }

[start]
warm_age_s_max = 60.0

[[task]]
name = "fast"
period_ms = 100
overruns_alarm = 3
watchdog_ms = 1000

[[task]]
name = "slow"
period_ms = 1_000

[[driver]]
name = "io1"
kind = "modbus"
task = "fast"
host = "127.0.0.1"
port = 1502
classes = [{ name = "fast", period_ms = 100 }]
heartbeat = { address = "hr10", period_ms = 500 }
"#;

/// `units/t1.toml`.
pub const UNIT: &str = r#"# A tank with a heater: one loop, one trip, one total.
[unit]
name = "T-1"
title = { en = "Tank T-1", zh = "罐 T-1" }
area = "A1"
task = "fast"

[[input]]
tag = "TT-1.RAW"
driver = "io1"
address = "ir0"
scale = 0.001
class = "fast"

[[input]]
tag = "HS-9.RAW"
driver = "io1"
address = "di3"

[[output]]
tag = "TV-1.CMD"
driver = "io1"
address = "hr0"
scale = 0.01
fail_safe = "de-energise"

[[tag]]
name = "TIC-1.SP0"
desc = { en = "Temperature wanted", zh = "期望温度" }
unit = "°C"
range = [0.0, 120.0]
initial = 40.0
h = 90.0
hh = 100.0
decimals = 1
step_max = 20.0

[[tag]]
name = "TT-1.PV"
desc = { en = "Temperature", zh = "温度" }
unit = "°C"

[[block]]
name = "TT-1"
kind = "AI"
desc = { en = "Temperature", zh = "温度" }
raw = "TT-1.RAW"
lo = 0.0
hi = 150.0
unit = "°C"

[[block]]
name = "TY-1"
kind = "FILTER"
in = "TT-1.PV"
tau_s = 2.5

[[block]]
name = "TY-2"
kind = "RATIO"
in = "TIC-1.SP0"
ratio = 0.5
bias = 0.0
unit = "%"

[[block]]
name = "TSHH-1"
kind = "COMPARE"
in = "TT-1.PV"
limit = 110.0
hysteresis = 2.0
when = "above"
on_bad = "true"

[[block]]
name = "XY-1"
kind = "OR"
of = ["TSHH-1.OUT", { delayed = "XY-1.OUT" }]

[[block]]
name = "RG-1"
kind = "INTERLOCK"
reason = "Overheating of T-1: hazard study, node 2"
causes = [
  { cause = "TSHH-1.OUT", effects = ["E1"], text = { en = "T-1 too hot", zh = "T-1 过热" } },
]

[[block]]
name = "TV-1"
kind = "AOUT"
demand = "TY-2.OUT"
safe = 0.0
trips = [{ when = "RG-1.E1", value = 0.0 }]

[[block]]
name = "TQ-1"
kind = "TOTAL"
task = "slow"
in = "fast/TY-1.OUT"
base = "h"
"#;

/// The whole plant.
pub fn sources() -> Sources {
    Sources::from_texts([("plant.toml", PLANT), ("units/t1.toml", UNIT)])
}

//! U100: the whole of plant 1 behind two I/O stations, `io1` and `io2`.
//!
//! ```text
//!            V-101 ─ FV-101 ─ XV-101A/B ─ XZV-101 (SIS)
//!                               │                          H2 ─ XV-201A ─┬─ XV-201B ─ XZV-201 ─ FV-201
//!  N2 header ─┬─ XV-111 ──────► │                                     XV-201C            │
//!             │               R-101 ─ XV-114 ─ P-103 ─ FT-104 ─ XV-115 ─ XV-116 ─► R-102 ◄┘
//!             │                 │ └─ E-101 ─ V-104                                 │  │
//!             └─────────────────│──────────────────────────────── XV-203 ──────────┘  └─ F-205 ─► drum
//!                               └─ XV-118 ─► V-105                     XV-202, PV-202 ─► vent
//! ```
//!
//! The units are those of [`crate::models`]; they meet here through explicit
//! streams. Within a tick: valves and drives move, hands work, the SIS looks,
//! R-101 moves, what left it arrives, R-102 moves, header, vessels and room
//! move, transmitters see. A unit sees its neighbours' pressures of the tick
//! before; amounts pass in the same tick and to the last bit on the books
//! ([`Inventory`]). [`map`] has the registers.

mod apply;
mod books;
mod config;
pub mod map;
mod rack;
mod truth;
mod unit;
mod work;

pub use books::Inventory;
pub use config::{PlantStart, U100Config};
pub use rack::Rack;
pub use truth::TRUTHS;
pub use unit::U100;

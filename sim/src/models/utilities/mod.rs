//! What the plant shares: the nitrogen header and the air of the room.

mod nitrogen;
mod room;

pub use nitrogen::{Header, HeaderConfig};
pub use room::{Releases, Room};

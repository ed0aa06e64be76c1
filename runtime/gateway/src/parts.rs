//! The station's own parts, as its system page shows them: which work, which do not.

use serde::{Deserialize, Serialize};

/// One part of the station: the ledger, history, a second place, messages.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    /// Which: `ledger`, `second place`, `recording`, `history`, `messages`, `disk`.
    pub name: String,
    /// Whether it does what it is there for.
    pub works: bool,
    /// More about it, for people who service it; may be empty.
    pub note: String,
    /// Since when it is so, milliseconds since 1970.
    pub since_ms: i64,
}

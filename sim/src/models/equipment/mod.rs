//! Equipment that more than one unit has: agitators, jackets, restrictions in gas lines.

pub mod agitation;
pub mod gas;
pub mod heat;

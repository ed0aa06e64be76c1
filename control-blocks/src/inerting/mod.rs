//! Keeping air away from what burns.

pub mod inert;
pub mod law;
pub mod leak_test;
pub mod purge;

pub use inert::Inert;
pub use leak_test::LeakTest;

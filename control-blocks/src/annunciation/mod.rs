//! Sound and light.

pub mod horn;

pub use horn::Horn;

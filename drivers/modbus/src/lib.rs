//! Modbus TCP and RTU client driver
#![forbid(unsafe_code)]

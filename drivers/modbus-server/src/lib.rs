//! Modbus TCP server with a codec of its own
#![forbid(unsafe_code)]

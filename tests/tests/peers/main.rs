//! Our Modbus server and driver against an implementation that others wrote:
//! pymodbus, in a process of its own (`tests/peers/*.py`). `tests/peers/run` installs
//! it and makes it obligatory.

mod device;
mod pymodbus;

//! Our Modbus server and driver against an implementation that others wrote:
//! pymodbus (`tests/peers/*.py`) and mbpoll, in processes of their own. `tests/peers/run` installs
//! pymodbus and makes both obligatory.

mod device;
mod mbpoll;
mod pymodbus;

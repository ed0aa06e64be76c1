//! Laws of the kernel, with blocks so small that every result can be seen at once.

mod age;
mod bench;
mod blocks;
mod door;
mod graphs;
mod order;
mod state;
mod transfer;
mod units;
mod writers;

//! One scan. This file is the architecture.

use crate::clock::{Scan, ScanClock};
use crate::door::{Door, Witness};
use crate::program::Program;

/// Brings frames and commands in.
pub trait Inlet {
    /// Lets everything that has arrived through the door.
    fn sample<W: Witness>(&mut self, scan: &Scan, door: &mut Door<'_, W>);
}

/// Takes commands and snapshots out. What leaves may be lost without harm.
pub trait Outlet {
    /// Publishes the finished scan.
    fn publish(&mut self, scan: &Scan, program: &Program);
}

/// A program with its clock, its doors and its witness.
pub struct Task<C, I, O, W> {
    /// Where scans come from.
    pub clock: C,
    /// What is run; boxed, so that an online change swaps a pointer.
    pub program: Box<Program>,
    /// What comes in.
    pub inlet: I,
    /// What goes out.
    pub outlet: O,
    /// Who writes it down.
    pub witness: W,
}

impl<C: ScanClock, I: Inlet, O: Outlet, W: Witness> Task<C, I, O, W> {
    /// Waits for the next release and scans. False when the clock has ended.
    pub fn run_once(&mut self) -> bool {
        let Some(scan) = self.clock.next_release() else {
            return false;
        };
        self.scan(&scan);
        true
    }

    /// One scan: sample, condition, logic, protect, publish.
    pub fn scan(&mut self, scan: &Scan) {
        self.program.begin(scan);
        self.witness.begin(scan);
        self.inlet
            .sample(scan, &mut Door::new(&mut self.program, &mut self.witness));
        self.witness.mark(0);
        self.program.run(scan, &mut self.witness);
        self.outlet.publish(scan, &self.program);
        self.witness.mark(4);
        if W::WANTS_DIGEST {
            let digest = self.program.image.digest_of_scan();
            self.witness.end(scan, digest);
        }
    }
}

/// Nothing comes in.
impl Inlet for () {
    fn sample<W: Witness>(&mut self, _scan: &Scan, _door: &mut Door<'_, W>) {}
}

/// Nothing goes out.
impl Outlet for () {
    fn publish(&mut self, _scan: &Scan, _program: &Program) {}
}

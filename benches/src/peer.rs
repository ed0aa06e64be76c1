//! The peers written in C, behind safe faces. See `c/`.

use std::ffi::c_void;

/// What the field brings to the loops in C.
#[derive(Clone, Copy, Debug, Default)]
#[repr(C)]
pub struct Raw {
    /// Value.
    pub value: f64,
    /// Scan in which it came.
    pub stamp: u64,
    /// Quality: 0 good.
    pub quality: u16,
}

unsafe extern "C" {
    fn peer_plant_new(loops: usize, groups: usize) -> *mut c_void;
    fn peer_plant_free(plant: *mut c_void);
    fn peer_plant_scan(plant: *mut c_void, raws: *const Raw, scan: u64, dt: f64, reset: bool);
    fn peer_plant_cmd(plant: *const c_void, index: usize) -> f64;
    fn peer_plant_bytes(plant: *const c_void) -> usize;
    fn peer_pid_bytes() -> usize;
    #[allow(clippy::too_many_arguments)]
    fn peer_pid_init(pid: *mut c_void, pv: *const f64, kp: f64, ti: f64, td: f64, sp: f64, dt: f64);
    fn peer_pid_isa(pids: *mut c_void, count: usize);
    fn peer_pid_out(pids: *const c_void, index: usize) -> f64;
}

/// Loops with quality and trip groups, in C.
pub struct Loops {
    plant: *mut c_void,
    loops: usize,
}

impl Loops {
    /// So many loops and trip groups.
    pub fn new(loops: usize, groups: usize) -> Loops {
        // SAFETY: the C side allocates everything it will touch.
        let plant = unsafe { peer_plant_new(loops, groups) };
        Loops { plant, loops }
    }

    /// One scan.
    pub fn scan(&mut self, raws: &[Raw], scan: u64, dt: f64, reset: bool) {
        assert!(raws.len() >= self.loops);
        // SAFETY: one raw value a loop, checked above; `plant` is ours alone.
        unsafe { peer_plant_scan(self.plant, raws.as_ptr(), scan, dt, reset) }
    }

    /// The command of a loop's output.
    pub fn command(&self, index: usize) -> f64 {
        assert!(index < self.loops);
        // SAFETY: within the loops, checked above.
        unsafe { peer_plant_cmd(self.plant, index) }
    }

    /// Bytes of state.
    pub fn bytes(&self) -> usize {
        // SAFETY: `plant` is ours.
        unsafe { peer_plant_bytes(self.plant) }
    }
}

impl Drop for Loops {
    fn drop(&mut self) {
        // SAFETY: allocated by `new`, freed once.
        unsafe { peer_plant_free(self.plant) }
    }
}

/// Bare PID controllers, in C, with the measurements they read.
pub struct Pids {
    memory: Vec<u64>,
    measurements: Box<[f64]>,
    count: usize,
}

impl Pids {
    /// So many controllers with these tunings, at rest at `pv`.
    pub fn new(count: usize, pv: f64, tuning: [f64; 3], sp: f64, dt: f64) -> Pids {
        // SAFETY: a constant of the C side.
        let bytes = unsafe { peer_pid_bytes() };
        let mut pids = Pids {
            memory: vec![0; count * bytes.div_ceil(8)],
            measurements: vec![pv; count].into_boxed_slice(),
            count,
        };
        let [kp, ti, td] = tuning;
        for index in 0..count {
            let at = index * bytes / 8;
            // SAFETY: a PID is a whole number of doubles and pointers, aligned to
            // eight bytes; memory and measurements stay where they are.
            unsafe {
                let pid = pids.memory.as_mut_ptr().add(at).cast();
                let pv = &raw const pids.measurements[index];
                peer_pid_init(pid, pv, kp, ti, td, sp, dt);
            }
        }
        pids
    }

    /// The measurements, to be changed between scans.
    pub fn measurements(&mut self) -> &mut [f64] {
        &mut self.measurements
    }

    /// One scan of all.
    pub fn scan(&mut self) {
        // SAFETY: `new` has made `count` of them.
        unsafe { peer_pid_isa(self.memory.as_mut_ptr().cast(), self.count) }
    }

    /// An output.
    pub fn out(&self, index: usize) -> f64 {
        assert!(index < self.count);
        // SAFETY: within the controllers, checked above.
        unsafe { peer_pid_out(self.memory.as_ptr().cast(), index) }
    }
}

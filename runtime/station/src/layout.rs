//! Where in the image things are, for one edition of one task.

use plant::Plant;
use plant::resolve::TaskPlan;
use scan::{Linked, Slot};

/// Slots of one output point and its driver.
#[derive(Clone, Debug)]
pub struct DriverLayout {
    /// Index of the driver's source.
    pub source: u16,
    /// Slots of its output points, in the order of the driver.
    pub outputs: Vec<Slot>,
    /// Number of its input points.
    pub inputs: usize,
}

/// Slots of a task.
#[derive(Clone, Debug)]
pub struct Layout {
    /// Number of the edition.
    pub edition: u64,
    /// Drivers of the task.
    pub drivers: Vec<DriverLayout>,
    /// Sources of other tasks' values: index of the source.
    pub imports: Vec<u16>,
    /// Slots that other tasks read: (reading task, slots).
    pub exports: Vec<(usize, Vec<Slot>)>,
    /// The station's own source.
    pub station: u16,
}

impl Layout {
    /// Takes over the numbers an inlet needs, without allocating: an online change
    /// leaves drivers, their points and the exchange as they are.
    pub fn clone_places(&mut self, other: &Layout) {
        self.edition = other.edition;
        self.station = other.station;
    }

    /// The layout of task `index`.
    pub fn new(plant: &Plant, index: usize, linked: &Linked, edition: u64) -> Layout {
        let plan: &TaskPlan = &plant.tasks[index];
        let drivers = plan
            .drivers
            .iter()
            .enumerate()
            .map(|(source, driver)| DriverLayout {
                source: source as u16,
                outputs: linked.outputs
                    [driver.outputs_from..driver.outputs_from + driver.outputs.len()]
                    .to_vec(),
                inputs: plan.input.sources[source].tags.len(),
            })
            .collect::<Vec<_>>();
        let first = drivers.len() as u16;
        let imports = (0..plan.exchange.len() as u16)
            .map(|at| first + at)
            .collect();
        let exports = plant
            .tasks
            .iter()
            .enumerate()
            .flat_map(|(reader, other)| {
                other
                    .exchange
                    .iter()
                    .filter(|(from, _)| *from == index)
                    .map(move |(_, tags)| {
                        let slots = tags
                            .iter()
                            .filter_map(|tag| linked.tags.get(tag).map(|entry| entry.slot))
                            .collect();
                        (reader, slots)
                    })
            })
            .collect();
        Layout {
            edition,
            drivers,
            imports,
            exports,
            station: plan.station_source(),
        }
    }
}

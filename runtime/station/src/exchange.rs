//! Values that one task gives to another: the newest wins.

use crate::ports::ExchangeFrame;
use plant::Plant;
use signal::Quality;
use std::collections::BTreeMap;

/// Exchange between tasks, by (giving task, reading task).
pub struct Exchange {
    /// The reading ends.
    pub readers: BTreeMap<(usize, usize), triple_buffer::Output<ExchangeFrame>>,
    /// The giving ends.
    pub writers: BTreeMap<(usize, usize), triple_buffer::Input<ExchangeFrame>>,
}

/// The ends of all values that tasks give to each other.
pub fn exchange(plant: &Plant) -> Exchange {
    let mut exchange = Exchange {
        readers: BTreeMap::new(),
        writers: BTreeMap::new(),
    };
    for (reader, task) in plant.tasks.iter().enumerate() {
        for (giver, tags) in &task.exchange {
            let frame = ExchangeFrame {
                scan: 0,
                cells: vec![(0, Quality::NOT_WRITTEN); tags.len()],
            };
            let (writer, output) = triple_buffer::TripleBuffer::new(&frame).split();
            exchange.readers.insert((*giver, reader), output);
            exchange.writers.insert((*giver, reader), writer);
        }
    }
    exchange
}

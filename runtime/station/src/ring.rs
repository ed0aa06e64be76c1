//! Rings between the scan thread and the others, ready to be used.

use rtrb::{Consumer, Producer, RingBuffer};

/// A ring of so many places, each of which has been written once.
///
/// Memory that nobody has written yet is given by the kernel, and on a virtual machine by
/// its host too, at the first write: 0.1 to 0.3 ms a page, which would fall into scans
/// until the ring has gone round once.
pub fn ring<T: Copy>(places: usize, any: T) -> (Producer<T>, Consumer<T>) {
    let (mut give, mut take) = RingBuffer::new(places);
    while give.push(any).is_ok() {}
    while take.pop().is_ok() {}
    (give, take)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ring_is_empty_and_has_all_its_places() {
        let (mut give, mut take) = ring(4, 0);
        assert!(take.pop().is_err());
        for n in 1..=4 {
            give.push(n).unwrap();
        }
        assert!(give.push(5).is_err());
        assert_eq!(take.pop(), Ok(1));
    }
}

//! A list that is nearly always short, kept where its block is.

/// A list of which the first `N` items stand in place and the rest elsewhere: a scan
/// that reads one or two items a block need not fetch them from afar.
#[derive(Clone, Debug)]
pub(crate) struct Few<T, const N: usize> {
    first: [Option<T>; N],
    rest: Box<[T]>,
}

impl<T, const N: usize> Few<T, N> {
    /// The items in their order.
    #[inline]
    pub fn iter(&self) -> impl Iterator<Item = &T> {
        self.first.iter().flatten().chain(&self.rest)
    }

    /// The items in their order.
    #[inline]
    pub fn iter_mut(&mut self) -> impl Iterator<Item = &mut T> {
        self.first.iter_mut().flatten().chain(&mut self.rest)
    }
}

impl<T, const N: usize> FromIterator<T> for Few<T, N> {
    fn from_iter<I: IntoIterator<Item = T>>(items: I) -> Self {
        let mut items = items.into_iter();
        Few {
            first: core::array::from_fn(|_| items.next()),
            rest: items.collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_item_is_there_in_its_order() {
        for count in 0..6 {
            let mut few: Few<usize, 2> = (0..count).collect();
            assert!(few.iter().copied().eq(0..count));
            few.iter_mut().for_each(|item| *item += 1);
            assert!(few.iter().copied().eq(1..=count));
        }
    }
}

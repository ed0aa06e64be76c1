//! A list that is nearly always short, kept where its block is.

use smallvec::SmallVec;

/// A list of which up to `N` items stand in place and more elsewhere: a scan that
/// reads one or two items a block need not fetch them from afar.
pub(crate) type Few<T, const N: usize> = SmallVec<[T; N]>;

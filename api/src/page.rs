//! Pages of lists.

/// A page has so many entries if nobody asks for another number.
pub(crate) const DEFAULT: u32 = 50;

/// A page has at most so many entries, where they are not smaller than usual.
pub(crate) const MOST: u32 = 200;

/// How many entries a page has.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PageSize(u32);

impl PageSize {
    /// The number that is asked for, if there is one, between 1 and `most`.
    pub(crate) fn new(asked: Option<u32>, default: u32, most: u32) -> Self {
        Self(asked.unwrap_or(default).clamp(1, most))
    }

    /// The number.
    pub(crate) const fn get(self) -> u32 {
        self.0
    }

    /// How many to read: one more shows whether there is a next page.
    pub(crate) const fn to_read(self) -> u32 {
        self.0 + 1
    }

    /// Leaves the entries of this page. Returns the last one's key if there is a next page.
    pub(crate) fn cut<T, K>(self, rows: &mut Vec<T>, key: impl FnOnce(&T) -> K) -> Option<K> {
        let size = self.0 as usize;
        let more = rows.len() > size;
        rows.truncate(size);
        rows.last().filter(|_| more).map(key)
    }
}

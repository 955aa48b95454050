//! Enough chance for a test, the same on every run, and no dependency.

/// Numbers that look random. The seed must not be 0.
pub(crate) struct Chance(pub(crate) u64);

impl Chance {
    /// A number from 0 to `limit`, which is not among them.
    pub(crate) fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % limit as u64) as usize
    }
}

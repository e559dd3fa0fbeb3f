/// What a filter or a path may cost; crossing a limit is its own error.
///
/// The caps are enforced while reading, so a refused text costs no more than the part that was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of text. Default 8192: what common proxies let through as a whole request line.
    pub max_length: usize,
    /// Brackets open at the same time, round and square ones. Default 32: people write 3, query builders 10.
    ///
    /// The type keeps every later walk over the tree shallow, whatever a host sets.
    pub max_depth: u8,
    /// Comparisons and presence tests. Default 200: one per row of a look-up of a page of users by id.
    pub max_terms: u16,
}

impl Default for Limits {
    fn default() -> Self {
        Limits { max_length: 8192, max_depth: 32, max_terms: 200 }
    }
}

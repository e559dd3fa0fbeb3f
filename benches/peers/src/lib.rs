//! Its benches are all that it has.

//! The tests of `products`, on PostgreSQL.
//!
//! `TEST_POSTGRES=off` leaves them out.

#[path = "products/main.rs"]
mod products;

// The files name each other as they do in `products`.
use products::*;

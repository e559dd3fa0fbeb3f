//! The tests of `http`, on PostgreSQL: one server for the whole program, a database for each test.
//!
//! `TEST_POSTGRES=off` leaves them out.

#[path = "http/main.rs"]
mod http;

// The files name each other as they do in `http`.
use http::*;

#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

pub mod account;
pub mod admin;
pub mod app;
pub mod cli;
pub mod client;
pub mod clock;
pub mod commands;
pub mod config;
pub mod demo;
pub mod fetch;
pub mod http;
pub mod idp;
pub mod keys;
pub mod log;
pub mod notices;
pub mod operations;
pub mod profiles;
pub mod quirks;
pub mod random;
pub mod rates;
pub mod serve;
pub mod settings;
pub mod sp_keys;
pub mod store;
pub mod trust;

//! The programs are the `[[example]]` targets of this package; `README.md` describes them.

#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;

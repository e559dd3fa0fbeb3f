//! The programs are the `[[example]]` targets of this package; `README.md` describes them.

//! What the tests of this workspace share: vectors, generators, laws and slow reference models.

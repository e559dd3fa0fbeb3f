//! Laws of `saml-sp`.

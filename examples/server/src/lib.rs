//! A thin SSO and SCIM server that shows how the crates are wired.

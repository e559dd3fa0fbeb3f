//! Cookies of this server: names, attributes, reading.

use axum::http::{HeaderMap, HeaderValue, header};

/// A cookie of this server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cookie {
    /// An admin's session. `Lax`, so that a connection test that comes back from the identity provider finds it.
    Admin,
    /// Ties the forms that are shown before a sign-in to the browser.
    AdminForm,
    /// Ties a login to the browser that began it. The identity provider answers with a POST from its own site, so
    /// over HTTPS this one is `SameSite=None`.
    Login,
    /// The session.
    Session,
}

impl Cookie {
    /// The name in the request and in the answer.
    #[must_use]
    pub fn name(self, secure: bool) -> &'static str {
        match (self, secure) {
            (Self::Admin, false) => "admin",
            (Self::Admin, true) => "__Host-admin",
            (Self::AdminForm, false) => "admin-form",
            (Self::AdminForm, true) => "__Host-admin-form",
            (Self::Login, false) => "login",
            (Self::Login, true) => "__Host-login",
            (Self::Session, false) => "session",
            (Self::Session, true) => "__Host-session",
        }
    }

    /// The value that the browser sent, if it sent exactly one.
    #[must_use]
    pub fn read(self, secure: bool, request: &HeaderMap) -> Option<&str> {
        let name = self.name(secure);
        let mut found = request
            .get_all(header::COOKIE)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .flat_map(|line| line.split(';'))
            .filter_map(|pair| pair.trim().split_once('='))
            .filter(|(key, _)| *key == name)
            .map(|(_, value)| value);
        let first = found.next();
        // Two cookies of one name come from two places, and one of them is not this server.
        if found.next().is_some() { None } else { first }
    }

    /// The header that sets it for some seconds; zero seconds delete it.
    #[must_use]
    pub fn set(self, secure: bool, value: &str, seconds: i64) -> Option<HeaderValue> {
        let same_site = match (self, secure) {
            (Self::Login, true) => "None",
            _ => "Lax",
        };
        let secure_attribute = if secure { "; Secure" } else { "" };
        let text = format!(
            "{}={value}; Path=/; HttpOnly; SameSite={same_site}; Max-Age={seconds}{secure_attribute}",
            self.name(secure)
        );
        HeaderValue::from_str(&text).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_cookie_is_out_of_reach_for_scripts_and_other_sites() {
        let plain = Cookie::Session.set(false, "v", 60).unwrap();
        assert_eq!(plain, "session=v; Path=/; HttpOnly; SameSite=Lax; Max-Age=60");
        let secure = Cookie::Session.set(true, "v", 60).unwrap();
        assert_eq!(secure, "__Host-session=v; Path=/; HttpOnly; SameSite=Lax; Max-Age=60; Secure");
    }

    #[test]
    fn the_login_cookie_survives_the_post_from_another_site_over_https() {
        let secure = Cookie::Login.set(true, "v", 60).unwrap();
        assert!(secure.to_str().unwrap().contains("SameSite=None"));
    }

    #[test]
    fn a_cookie_given_twice_is_not_believed() {
        let mut headers = HeaderMap::new();
        headers.insert(header::COOKIE, HeaderValue::from_static("a=1; session=x"));
        assert_eq!(Cookie::Session.read(false, &headers), Some("x"));
        headers.append(header::COOKIE, HeaderValue::from_static("session=y"));
        assert_eq!(Cookie::Session.read(false, &headers), None);
    }
}

//! A small HTTP client that behaves like one browser: keeps cookies, shows redirects instead of following them.
//!
//! The demo's own check and the tests talk to a running server through it.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value;

/// One browser (or one SCIM client): its cookies and nothing else.
#[derive(Debug)]
pub struct Client {
    agent: ureq::Agent,
    base: String,
    cookies: BTreeMap<String, String>,
    token: Option<String>,
}

/// An answer, read whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// The HTTP status.
    pub status: u16,
    /// The headers in lower case, in their order.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: String,
}

impl Client {
    /// A browser without cookies, for a server at `base` (without a trailing slash).
    #[must_use]
    pub fn new(base: &str) -> Self {
        let config = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .allow_non_standard_methods(true)
            .proxy(None)
            .timeout_global(Some(TIME_LIMIT))
            .build();
        Self { agent: config.into(), base: base.to_owned(), cookies: BTreeMap::new(), token: None }
    }

    /// The same, sending a bearer token with each request.
    #[must_use]
    pub fn with_token(mut self, token: &str) -> Self {
        self.token = Some(token.to_owned());
        self
    }

    /// Takes over the cookies of another browser, as malware or a shared computer would.
    pub fn steal_cookies(&mut self, other: &Self) {
        self.cookies.clone_from(&other.cookies);
    }

    /// `GET` of a path, or of an absolute URL.
    ///
    /// # Errors
    /// [`ClientError`] when there is no answer at all.
    pub fn get(&mut self, url: &str) -> Result<Reply, ClientError> {
        self.send("GET", url, &[], Vec::new())
    }

    /// `GET` that prefers JSON.
    ///
    /// # Errors
    /// [`ClientError`] when there is no answer at all.
    pub fn get_json(&mut self, url: &str) -> Result<Reply, ClientError> {
        self.send("GET", url, &[("accept", "application/json")], Vec::new())
    }

    /// `POST` of a form.
    ///
    /// # Errors
    /// [`ClientError`] when there is no answer at all.
    pub fn post_form(&mut self, url: &str, fields: &[(&str, &str)]) -> Result<Reply, ClientError> {
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.extend_pairs(fields);
        let headers = [("content-type", "application/x-www-form-urlencoded")];
        self.send("POST", url, &headers, form.finish().into_bytes())
    }

    /// A SCIM request with an optional body.
    ///
    /// # Errors
    /// [`ClientError`] when there is no answer at all.
    pub fn scim(&mut self, method: &str, url: &str, body: Option<&Value>) -> Result<Reply, ClientError> {
        let body = body.map(Value::to_string).unwrap_or_default();
        self.send(method, url, &[("content-type", "application/scim+json")], body.into_bytes())
    }

    /// Any request.
    ///
    /// # Errors
    /// [`ClientError`] when there is no answer at all.
    pub fn send(
        &mut self,
        method: &str,
        url: &str,
        headers: &[(&str, &str)],
        body: Vec<u8>,
    ) -> Result<Reply, ClientError> {
        let url = if url.starts_with('/') { format!("{}{url}", self.base) } else { url.to_owned() };
        let mut request = axum::http::Request::builder().method(method).uri(&url);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(token) = &self.token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        if !self.cookies.is_empty() {
            let line: Vec<String> =
                self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
            request = request.header("cookie", line.join("; "));
        }
        let failed =
            |error: &dyn std::fmt::Display| ClientError { url: url.clone(), reason: error.to_string() };
        let has_body = !body.is_empty() || matches!(method, "POST" | "PUT" | "PATCH");
        let answer = if has_body {
            let request = request.body(body).map_err(|error| failed(&error))?;
            self.agent.run(request)
        } else {
            let request = request.body(()).map_err(|error| failed(&error))?;
            self.agent.run(request)
        };
        let mut answer = answer.map_err(|error| failed(&error))?;
        let headers: Vec<(String, String)> = answer
            .headers()
            .iter()
            .map(|(name, value)| {
                (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned())
            })
            .collect();
        let status = answer.status().as_u16();
        let limited = answer.body_mut().with_config().limit(BODY_LIMIT).read_to_string();
        let body = limited.map_err(|error| failed(&error))?;
        for (_, line) in headers.iter().filter(|(name, _)| name == "set-cookie") {
            self.keep_cookie(line);
        }
        Ok(Reply { status, headers, body })
    }

    fn keep_cookie(&mut self, line: &str) {
        let Some((name, rest)) = line.split_once('=') else { return };
        let value = rest.split(';').next().unwrap_or_default();
        if rest.contains("Max-Age=0") {
            self.cookies.remove(name.trim());
        } else {
            self.cookies.insert(name.trim().to_owned(), value.to_owned());
        }
    }
}

impl Reply {
    /// The first header of a name in lower case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// The body as JSON; null when it is none.
    #[must_use]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or(Value::Null)
    }

    /// The target of a redirect.
    #[must_use]
    pub fn location(&self) -> &str {
        self.header("location").unwrap_or_default()
    }
}

/// There was no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no answer from {url}: {reason}")]
pub struct ClientError {
    /// The address asked.
    pub url: String,
    /// What went wrong.
    pub reason: String,
}

const TIME_LIMIT: Duration = Duration::from_secs(40);
const BODY_LIMIT: u64 = 64 * 1024 * 1024;

//! Query strings and forms, decoded once.

use axum::http::{StatusCode, Uri};

use crate::http::answer::Refusal;

/// The decoded parameters of a query string or a form, in their order.
#[derive(Clone, Debug, Default)]
pub struct Params(Vec<(String, String)>);

impl Params {
    /// The parameters of a request's query.
    #[must_use]
    pub fn of(uri: &Uri) -> Self {
        Self::parse(uri.query().unwrap_or_default().as_bytes())
    }

    /// The parameters of a form body.
    #[must_use]
    pub fn parse(text: &[u8]) -> Self {
        Self(form_urlencoded::parse(text).into_owned().collect())
    }

    /// The value of a parameter.
    ///
    /// # Errors
    /// [`Refusal`] when it is given twice: two readers of one request must not see two different values.
    pub fn one(&self, name: &str) -> Result<Option<&str>, Refusal> {
        let mut found = self.0.iter().filter(|(key, _)| key == name).map(|(_, value)| value.as_str());
        let first = found.next();
        if found.next().is_some() {
            return Err(Refusal::new(
                StatusCode::BAD_REQUEST,
                "request.parameter_twice",
                format!("the parameter {name} is given more than once"),
            ));
        }
        Ok(first)
    }

    /// All parameters in their order.
    pub fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// The value of a parameter whose name is written in any case; the first one wins.
    #[must_use]
    pub fn any_case(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }
}

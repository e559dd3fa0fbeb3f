//! Messages that leave through the browser.

use super::html::escape;
use crate::url::EndpointUrl;

/// An HTTP answer that sends the browser, with a message, to the identity provider.
///
/// The host writes [`Outbound::status`], [`Outbound::headers`] and, for a form, [`PostForm::html`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outbound {
    /// A page with a form that submits itself (Bindings 3.5).
    Post {
        /// The form.
        form: PostForm,
    },
    /// A redirect (Bindings 3.4).
    Redirect {
        /// The address to go to, message and signature included.
        url: String,
    },
}

impl Outbound {
    /// Gives the HTTP status: 200 for a form, 303 for a redirect, so that a POST is not repeated.
    #[must_use]
    pub fn status(&self) -> u16 {
        match self {
            Self::Post { .. } => 200,
            Self::Redirect { .. } => 303,
        }
    }

    /// Gives the headers, `Location` included; a message must not be cached (Bindings 3.4.5.1, 3.5.5.1).
    #[must_use]
    pub fn headers(&self) -> Vec<(&'static str, String)> {
        let mut headers =
            vec![("Cache-Control", "no-cache, no-store".to_owned()), ("Pragma", "no-cache".to_owned())];
        match self {
            Self::Post { .. } => headers.push(("Content-Type", "text/html; charset=utf-8".to_owned())),
            Self::Redirect { url } => headers.push(("Location", url.clone())),
        }
        headers
    }

    /// Gives the address if it is a redirect.
    #[must_use]
    pub fn redirect_url(&self) -> Option<&str> {
        match self {
            Self::Post { .. } => None,
            Self::Redirect { url } => Some(url),
        }
    }

    /// Gives the form if it is one.
    #[must_use]
    pub fn post_form(&self) -> Option<&PostForm> {
        match self {
            Self::Post { form } => Some(form),
            Self::Redirect { .. } => None,
        }
    }
}

/// A form that carries a message to the identity provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PostForm {
    action: EndpointUrl,
    fields: Vec<(&'static str, String)>,
}

impl PostForm {
    pub(crate) fn new(action: EndpointUrl, fields: Vec<(&'static str, String)>) -> Self {
        Self { action, fields }
    }

    /// Gives the address that the form is sent to.
    #[must_use]
    pub fn action(&self) -> &EndpointUrl {
        &self.action
    }

    /// Gives the hidden fields, names and values, for hosts that write the page themselves.
    #[must_use]
    pub fn fields(&self) -> &[(&'static str, String)] {
        &self.fields
    }

    /// Writes a whole page: it submits itself, and has a button for browsers without scripts.
    ///
    /// `nonce` is the one of the host's `Content-Security-Policy`; it goes to the one script element.
    /// The policy also needs `form-action` with [`EndpointUrl::origin`] of the action.
    #[must_use]
    pub fn html(&self, nonce: Option<&str>) -> String {
        let mut page = String::from(
            "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>Signing in</title></head><body>\n\
             <form method=\"post\" action=\"",
        );
        escape(self.action.as_str(), &mut page);
        page.push_str("\">\n");
        for (name, value) in &self.fields {
            page.push_str("<input type=\"hidden\" name=\"");
            escape(name, &mut page);
            page.push_str("\" value=\"");
            escape(value, &mut page);
            page.push_str("\">\n");
        }
        page.push_str("<noscript><p>Press the button to go on.</p></noscript>\n<button type=\"submit\">Continue</button>\n</form>\n<script");
        if let Some(nonce) = nonce {
            page.push_str(" nonce=\"");
            escape(nonce, &mut page);
            page.push('"');
        }
        page.push_str(">document.forms[0].submit();</script>\n</body></html>\n");
        page
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form() -> PostForm {
        PostForm::new(
            "https://idp.example/sso?a=1&b='2'".parse().unwrap(),
            vec![("SAMLRequest", "PD94=".to_owned()), ("RelayState", "\"><script>\r\n'&".to_owned())],
        )
    }

    // REQ-07
    #[test]
    fn a_form_escapes_every_value_and_works_without_script() {
        let page = form().html(Some("n\"1"));
        assert!(
            page.contains("<form method=\"post\" action=\"https://idp.example/sso?a=1&amp;b=&#39;2&#39;\">")
        );
        assert!(page.contains("name=\"SAMLRequest\" value=\"PD94=\""));
        assert!(page.contains("value=\"&quot;&gt;&lt;script&gt;&#13;&#10;&#39;&amp;\""));
        assert!(page.contains("<button type=\"submit\">"));
        assert!(page.contains("<script nonce=\"n&quot;1\">"));
    }

    // REQ-12
    #[test]
    fn what_carries_a_message_is_not_cached() {
        let redirect = Outbound::Redirect { url: "https://idp.example/".to_owned() };
        assert_eq!(redirect.status(), 303);
        for outbound in [redirect, Outbound::Post { form: form() }] {
            let headers = outbound.headers();
            assert!(headers.contains(&("Cache-Control", "no-cache, no-store".to_owned())));
            assert!(headers.contains(&("Pragma", "no-cache".to_owned())));
        }
    }
}

//! Forms: what ties a label, a hint and a mistake to a control, so that no page forgets it.

#![expect(clippy::needless_pass_by_value, reason = "markup is made where it is handed over")]

use maud::{Markup, html};

use super::guard::SignedIn;
use crate::random;

/// The name of the field that proves which page sent the form.
pub const TOKEN: &str = "form_token";
/// The name of the field that is sent once.
pub const ONCE: &str = "once";

/// A form that is sent to `action`, with the session's token in it.
pub fn post(by: &SignedIn, action: &str, body: Markup) -> Markup {
    post_with(&by.form_token, action, body)
}

/// The same with a given token, for forms before a sign-in.
pub(super) fn post_with(token: &str, action: &str, body: Markup) -> Markup {
    html! {
        form method="post" action=(action) {
            input type="hidden" name=(TOKEN) value=(token);
            (body)
        }
    }
}

/// A field that makes a form good for one use; see [`SignedIn::first_use`].
pub fn once() -> Result<Markup, random::NoRandomness> {
    let value = random::secret()?;
    Ok(html! { input type="hidden" name=(ONCE) value=(value); })
}

/// Mistakes in a form, each at a control.
#[derive(Clone, Debug, Default)]
pub struct Errors(Vec<(String, String)>);

impl Errors {
    /// Notes a mistake at the control `name`.
    pub fn add(&mut self, name: &str, text: impl Into<String>) {
        self.0.push((name.to_owned(), text.into()));
    }

    /// One mistake.
    pub fn one(name: &str, text: impl Into<String>) -> Self {
        Self(vec![(name.to_owned(), text.into())])
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn of(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(at, _)| at == name).map(|(_, text)| text.as_str())
    }

    /// The list at the top of the page, each linked to its control.
    pub(super) fn summary(&self) -> Markup {
        html! {
            @if !self.is_empty() {
                div.errors role="alert" aria-labelledby="errors-title" tabindex="-1" {
                    h2 #errors-title { "There is a problem" }
                    ul { @for (name, text) in &self.0 { li { a href=(format!("#{name}")) { (text) } } } }
                }
            }
        }
    }
}

/// A field of one line. Its name is its id.
#[derive(Clone, Debug)]
pub struct Input<'a> {
    name: &'a str,
    label: &'a str,
    hint: Option<&'a str>,
    kind: &'a str,
    value: &'a str,
    autocomplete: &'a str,
    required: bool,
    said: bool,
    most: usize,
    list: Option<&'a str>,
}

impl<'a> Input<'a> {
    /// A required text of at most 200 characters.
    pub fn new(name: &'a str, label: &'a str) -> Self {
        Self {
            name,
            label,
            hint: None,
            kind: "text",
            value: "",
            autocomplete: "off",
            required: true,
            said: false,
            most: 200,
            list: None,
        }
    }

    /// With a sentence below the label.
    pub fn hint(mut self, hint: &'a str) -> Self {
        self.hint = Some(hint);
        self
    }

    /// Of another type of HTML: `email`, `password`, `date`, `datetime-local`, `search`, `url`.
    pub fn kind(mut self, kind: &'a str) -> Self {
        self.kind = kind;
        self
    }

    /// With a value. Passwords never have one.
    pub fn value(mut self, value: &'a str) -> Self {
        self.value = value;
        self
    }

    /// What a browser may fill in.
    pub fn autocomplete(mut self, autocomplete: &'a str) -> Self {
        self.autocomplete = autocomplete;
        self
    }

    /// It may stay empty.
    pub fn optional(mut self) -> Self {
        self.required = false;
        self
    }

    /// Of a filter: it may stay empty, which need not be said.
    pub fn filter(mut self) -> Self {
        (self.required, self.said) = (false, true);
        self
    }

    /// With a list of values to choose from, by its id.
    pub fn list(mut self, list: &'a str) -> Self {
        self.list = Some(list);
        self
    }

    /// Of at most so many characters.
    pub fn most(mut self, most: usize) -> Self {
        self.most = most;
        self
    }

    /// The field with its label.
    pub fn show(&self, errors: &Errors) -> Markup {
        let value = Some(self.value).filter(|value| !value.is_empty() && self.kind != "password");
        let optional = !self.required && !self.said;
        let most = (!self.kind.starts_with("date")).then_some(self.most);
        field(
            self.name,
            self.label,
            optional,
            self.hint,
            errors,
            html! {
                input id=(self.name) name=(self.name) type=(self.kind) value=[value] maxlength=[most]
                    autocomplete=(self.autocomplete) required[self.required] list=[self.list]
                    aria-invalid=[errors.of(self.name).map(|_| "true")]
                    aria-describedby=[described(self.name, self.hint, errors)];
            },
        )
    }
}

/// A choice among named values: the value, and what people read.
pub fn select(
    name: &str,
    label: &str,
    hint: Option<&str>,
    options: &[(&str, &str)],
    chosen: &str,
    errors: &Errors,
) -> Markup {
    field(
        name,
        label,
        false,
        hint,
        errors,
        html! {
            select id=(name) name=(name) aria-invalid=[errors.of(name).map(|_| "true")]
                aria-describedby=[described(name, hint, errors)] {
                @for (value, text) in options {
                    option value=(value) selected[*value == chosen] { (text) }
                }
            }
        },
    )
}

/// A field of several lines.
pub fn textarea(
    name: &str,
    label: &str,
    hint: Option<&str>,
    value: &str,
    rows: u8,
    errors: &Errors,
) -> Markup {
    field(
        name,
        label,
        false,
        hint,
        errors,
        html! {
            textarea id=(name) name=(name) rows=(rows) spellcheck="false"
                aria-invalid=[errors.of(name).map(|_| "true")] aria-describedby=[described(name, hint, errors)] {
                (value)
            }
        },
    )
}

/// A box to tick; its value is `yes`.
pub fn checkbox(name: &str, label: &str, ticked: bool) -> Markup {
    html! {
        div.field.tick {
            input type="checkbox" id=(name) name=(name) value="yes" checked[ticked];
            label for=(name) { (label) }
        }
    }
}

/// A value to copy: to be selected, and with a button where the browser runs scripts.
pub fn copyable(id: &str, label: &str, value: &str) -> Markup {
    html! {
        div.field {
            label for=(id) { (label) }
            div.copy {
                input id=(id) type="text" readonly value=(value) data-copy="" spellcheck="false" autocomplete="off";
            }
        }
    }
}

/// The button that sends the form. The id stays the same, for tests and for people's scripts.
pub fn submit(id: &str, text: &str) -> Markup {
    html! { button type="submit" id=(id) { (text) } }
}

/// The button for what cannot be taken back.
pub fn danger(id: &str, text: &str) -> Markup {
    html! { button.danger type="submit" id=(id) { (text) } }
}

fn field(
    name: &str,
    label: &str,
    optional: bool,
    hint: Option<&str>,
    errors: &Errors,
    control: Markup,
) -> Markup {
    let error = errors.of(name);
    html! {
        div.field.wrong[error.is_some()] {
            label for=(name) { (label) @if optional { span.quiet { " (optional)" } } }
            @if let Some(hint) = hint { p.hint id=(format!("{name}-hint")) { (hint) } }
            @if let Some(error) = error { p.error id=(format!("{name}-error")) { (error) } }
            (control)
        }
    }
}

fn described(name: &str, hint: Option<&str>, errors: &Errors) -> Option<String> {
    let hint = hint.map(|_| format!("{name}-hint"));
    let error = errors.of(name).map(|_| format!("{name}-error"));
    let ids: Vec<String> = hint.into_iter().chain(error).collect();
    (!ids.is_empty()).then(|| ids.join(" "))
}

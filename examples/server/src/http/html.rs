//! Pages for people: plain HTML that works without scripts.

use axum::http::StatusCode;
use maud::{DOCTYPE, Markup, html};

use crate::http::answer::{Answer, typed};

/// A whole page around a body.
#[must_use]
#[expect(clippy::needless_pass_by_value, reason = "markup is made where it is handed over")]
pub fn page(status: StatusCode, title: &str, body: Markup) -> Answer {
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (title) }
                link rel="stylesheet" href="/assets/style.css";
            }
            body { main { h1 { (title) } (body) } }
        }
    };
    typed(status, "text/html; charset=utf-8", page.into_string())
}

/// The text with its first letter in upper case.
#[must_use]
pub fn sentence(text: &str) -> String {
    let mut characters = text.chars();
    characters.next().map_or(String::new(), |first| first.to_uppercase().chain(characters).collect())
}

/// The script of the administration pages.
pub const SCRIPT: &str = include_str!("copy.js");

/// The style sheet of every page.
pub const STYLE: &str = include_str!("style.css");

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn markup_in_text_stays_text() {
        let odd = "<a href='x'>\"&\"</a>";
        let answer = page(StatusCode::OK, odd, html! { p title=(odd) { (odd) } });
        let bytes = axum::body::to_bytes(answer.into_body(), 4096).await.unwrap();
        let text = String::from_utf8(bytes.to_vec()).unwrap();
        assert!(text.contains("<h1>&lt;a href='x'&gt;&quot;&amp;&quot;&lt;/a&gt;</h1>"), "{text}");
        assert!(!text.contains("<a href") && !text.contains("\"<"), "{text}");
    }

    #[test]
    fn a_sentence_starts_with_a_capital() {
        assert_eq!(sentence("élan"), "Élan");
        assert_eq!(sentence(""), "");
    }
}

//! Documents that no reader should take.

use super::{Forgery, Harm, TestError, Workshop, refuse, replaced};

pub(super) const FORGERIES: &[Forgery] = &[
    refuse("doctype", "XML-02", "A document type stands before the Response.", |shop| {
        before(shop, "<!DOCTYPE Response>")
    }),
    refuse(
        "entity-expansion",
        "XML-02",
        "Entities that name each other ten times over expand to gigabytes.",
        |shop| {
            let mut dtd = String::from("<!DOCTYPE Response [<!ENTITY e0 \"ha\">");
            for level in 1..=9_u8 {
                let inner = format!("&e{};", level.saturating_sub(1)).repeat(10);
                dtd.push_str(&format!("<!ENTITY e{level} \"{inner}\">"));
            }
            dtd.push_str("]>");
            let name = &shop.good.name_id.value;
            replaced(&before(shop, &dtd)?, &format!(">{name}<"), &format!(">{name}&e9;<"))
        },
    ),
    refuse("external-entity", "XML-02", "An entity reads a file of the service provider.", |shop| {
        let name = &shop.good.name_id.value;
        let message = before(shop, "<!DOCTYPE Response [<!ENTITY file SYSTEM \"file:///etc/passwd\">]>")?;
        replaced(&message, &format!(">{name}<"), ">&file;<")
    }),
    refuse(
        "undefined-entity",
        "XML-02",
        "An entity of HTML, which XML doesn't know, stands in the name.",
        |shop| {
            let name = &shop.good.name_id.value;
            replaced(&good(shop)?, &format!(">{name}<"), &format!(">{name}&nbsp;<"))
        },
    ),
    refuse(
        "processing-instruction",
        "XML-03",
        "A processing instruction stands in the signed assertion.",
        |shop| replaced(&good(shop)?, "</saml:NameID>", "<?cut here?></saml:NameID>"),
    ),
    refuse("utf-16", "XML-01", "The document is UTF-16.", |shop| {
        let mut bytes = vec![0xFF, 0xFE];
        let text = good(shop)?;
        bytes.extend(String::from_utf8_lossy(&text).encode_utf16().flat_map(u16::to_le_bytes));
        Ok(bytes)
    }),
    refuse("latin-1", "XML-01", "The XML declaration names another encoding than UTF-8.", |shop| {
        before(shop, "<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?>")
    }),
    refuse("broken-utf-8", "XML-01", "A byte stands in the name that is no UTF-8.", |shop| {
        let mut message = good(shop)?;
        let needle = format!(">{}<", shop.good.name_id.value);
        let place = message
            .windows(needle.len())
            .position(|window| window == needle.as_bytes())
            .ok_or(TestError::NothingToForge { part: "NameID" })?;
        message.insert(place.saturating_add(1), 0xC0);
        Ok(message)
    }),
    refuse("duplicate-attribute", "XML-04", "The Response has two IDs.", |shop| {
        replaced(&good(shop)?, " ID=\"", " ID=\"_other\" ID=\"")
    }),
    refuse("unbound-prefix", "XML-04", "An element's prefix is not declared.", |shop| {
        replaced(&good(shop)?, "</samlp:Response>", "<evil:Assertion></evil:Assertion></samlp:Response>")
    }),
    refuse("truncated", "XML-04", "The document ends before its root does.", |shop| {
        replaced(&good(shop)?, "</samlp:Response>", "")
    }),
    refuse("second-root", "XML-04", "A second Response follows the first.", |shop| {
        let message = good(shop)?;
        Ok([message.as_slice(), &message].concat())
    }),
    refuse(
        "control-character",
        "XML-04",
        "A reference to U+0000, where C code ends its strings, cuts the name.",
        |shop| {
            let name = &shop.good.name_id.value;
            replaced(&good(shop)?, &format!(">{name}<"), &format!(">{name}&#0;.evil.example<"))
        },
    ),
    refuse("deep-nesting", "XML-05", "Ten thousand elements are nested in Extensions.", |shop| {
        let inside = format!("{}{}", "<a>".repeat(10_000), "</a>".repeat(10_000));
        extended(shop, &inside)
    }),
    refuse("many-nodes", "XML-05", "A hundred thousand elements stand in Extensions.", |shop| {
        extended(shop, &"<a/>".repeat(100_000))
    }),
    refuse("many-attributes", "XML-05", "An element has a thousand attributes.", |shop| {
        let attributes: String = (0..1000).map(|number| format!(" a{number}=\"\"")).collect();
        extended(shop, &format!("<a{attributes}/>"))
    }),
    refuse("many-namespaces", "XML-05", "An element declares a thousand namespaces.", |shop| {
        let attributes: String =
            (0..1000).map(|number| format!(" xmlns:a{number}=\"urn:example:{number}\"")).collect();
        extended(shop, &format!("<a{attributes}/>"))
    }),
    refuse("huge", "XML-05", "The document has two million bytes.", |shop| {
        extended(shop, &format!("<a>{}</a>", "a".repeat(2_000_000)))
    }),
    refuse("duplicate-id", "XML-07", "Another element has the ID of the signed assertion.", |shop| {
        extended(shop, &format!("<a ID=\"{}\"/>", shop.good.assertion_id()))
    }),
    refuse(
        "duplicate-id-lower-case",
        "XML-07",
        "Another element has the ID of the signed assertion, in an attribute `id`.",
        |shop| extended(shop, &format!("<a id=\"{}\"/>", shop.good.assertion_id())),
    ),
    refuse("id-with-colon", "XML-07", "The assertion's ID is no NCName.", |shop| {
        shop.signed(|assertion| assertion.set("ID", "urn:1"))
    }),
    Forgery {
        name: "comment-in-name",
        rule: "XML-06",
        what: "A comment splits the signed name, so that careless code reads half of it.",
        harm: Harm::SignedValuesOnly,
        make: |shop| split_name(shop, "<!---->"),
    },
    Forgery {
        name: "cdata-in-name",
        rule: "XML-06",
        what: "An empty CDATA section splits the signed name, so that careless code reads half of it.",
        harm: Harm::SignedValuesOnly,
        make: |shop| split_name(shop, "<![CDATA[]]>"),
    },
];

fn good(shop: &Workshop<'_>) -> Result<Vec<u8>, TestError> {
    shop.asserted(|_| {})
}

fn before(shop: &Workshop<'_>, prefix: &str) -> Result<Vec<u8>, TestError> {
    Ok([prefix.as_bytes(), &good(shop)?].concat())
}

/// The good Response with something in its Extensions, which no signature covers.
fn extended(shop: &Workshop<'_>, inside: &str) -> Result<Vec<u8>, TestError> {
    let extensions = format!("<samlp:Extensions>{inside}</samlp:Extensions><samlp:Status>");
    replaced(&good(shop)?, "<samlp:Status>", &extensions)
}

fn split_name(shop: &Workshop<'_>, splitter: &str) -> Result<Vec<u8>, TestError> {
    let name = &shop.good.name_id.value;
    let at = name.char_indices().nth(name.chars().count() / 2).map_or(0, |(at, _)| at);
    let (first, second) = name.split_at(at);
    replaced(&good(shop)?, &format!(">{name}<"), &format!(">{first}{splitter}{second}<"))
}

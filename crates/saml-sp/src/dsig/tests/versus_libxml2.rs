//! Our canonical forms are those of libxml2, and what our reader takes libxml2 takes.
#![expect(clippy::arithmetic_side_effects, reason = "test helpers")]

use super::*;
use crate::xml::c14n::{C14n, canonicalize};

fn agree(source: &str, element: Element<'_>, without: Option<Element<'_>>, c14n: &C14n<'_>) {
    let mut ours = Vec::new();
    let done = canonicalize(element, without, c14n, &mut ours);
    let theirs = oracle::canonicalize(
        source,
        element.ordinal(),
        without.map(Element::ordinal),
        c14n.algorithm,
        c14n.comments,
        c14n.inclusive_prefixes,
    );
    if done.is_err() {
        return;
    }
    let shown = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert_eq!(
        Some(shown(&ours)),
        theirs.as_deref().map(shown),
        "{c14n:?} of {}\n{source}",
        element.source()
    );
}

fn agree_everywhere(source: &str) {
    let limits = Limits::default();
    let document =
        Document::parse(source.as_bytes(), &limits).unwrap_or_else(|error| panic!("{error}: {source}"));
    assert!(oracle::accepts(source), "libxml2 refuses what we read: {source}");
    for element in document.elements() {
        for algorithm in Canonicalization::ALL {
            for comments in [false, true] {
                let lists: &[&[&str]] = if algorithm.is_exclusive() {
                    &[&[], &["#default"], &["a", "xs"], &["b", "#default"]]
                } else {
                    &[&[]]
                };
                for prefixes in lists {
                    let c14n = C14n { algorithm: *algorithm, comments, inclusive_prefixes: prefixes };
                    agree(source, element, None, &c14n);
                    if let Some(child) = element.children().next() {
                        agree(source, element, Some(child), &c14n);
                    }
                }
            }
        }
    }
}

#[test]
fn canonical_forms_of_handmade_documents_are_libxml2s() {
    for source in [
        "<a/>",
        "<a xmlns='urn:x'><b xmlns=''><c xmlns='urn:x'/></b></a>",
        "<a xmlns='urn:x'><b xmlns=''/><b xmlns='urn:x'/></a>",
        "<a:a xmlns:a='urn:a' xmlns:b='urn:b'><b:b a:x='1' x='2' b:x='3'/><a:c xmlns:a='urn:other'/></a:a>",
        "<a:a xmlns:a='urn:a'><a:b xmlns:a='urn:a'><a:c xmlns:a='urn:z'><a:d xmlns:a='urn:a'/></a:c></a:b></a:a>",
        "<a xml:lang='en' xml:space='preserve' xml:id='i'><b><c xml:lang='de' z='1' a='2'/></b></a>",
        "<a xml:other='x' xmlns:xml='http://www.w3.org/XML/1998/namespace'><b/></a>",
        "<a x='&lt;&gt;&amp;&quot;&apos;&#9;&#10;&#13;\t\n'>&lt;&gt;&amp;&quot;&apos;&#9;&#10;&#13;\t\n<![CDATA[<&>]]]]>&gt;</a>",
        "<a>one\r\ntwo\rthree<b x='one\r\ntwo\rthree'/><![CDATA[\r\n]]><!-- \r\n --></a>",
        "<!-- before --><a><!-- in --><b><!-- deeper --></b></a><!-- after -->",
        "<a xmlns:b='urn:b'><c b:y='1' y='0'/><b:c xmlns=''/><d xmlns='urn:d'><e b:q=''/></d></a>",
        "<é xmlns:ü='urn:u' ü:à='ö'>\u{1F600}</é>",
        "<a xmlns='urn:d' xmlns:a='urn:a' xmlns:xs='urn:xs'><a:b v='xs:string'/><c xmlns:xs='urn:xs2'/></a>",
    ] {
        agree_everywhere(source);
    }
}

#[test]
fn canonical_forms_of_captures_are_libxml2s() {
    for capture in captures() {
        let source = String::from_utf8(capture.xml).unwrap();
        let limits = Limits::default();
        let document = Document::parse(source.as_bytes(), &limits).unwrap();
        for element in document.elements().step_by(3) {
            for algorithm in Canonicalization::ALL {
                let c14n = C14n { algorithm: *algorithm, comments: true, inclusive_prefixes: &[] };
                agree(document.source(), element, None, &c14n);
            }
        }
    }
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(256))]
    #[test]
    fn canonical_forms_of_generated_documents_are_libxml2s(source in generated(4)) {
        agree_everywhere(&source);
    }
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(4096))]
    #[test]
    fn what_the_reader_takes_libxml2_takes_and_reads_alike(
        seed in 0..SEEDS.len(), place in 0..400_usize, cut in 0..4_usize, insert in 0..INSERTS.len()
    ) {
        let mut text = SEEDS[seed].as_bytes().to_vec();
        let from = place % text.len();
        let to = (from + cut).min(text.len());
        text.splice(from..to, INSERTS[insert].bytes());
        let limits = Limits::default();
        if let Ok(document) = Document::parse(&text, &limits) {
            let source = document.source();
            assert!(oracle::accepts(source), "libxml2 refuses what we read: {source}");
            for algorithm in [Canonicalization::InclusiveWithComments, Canonicalization::ExclusiveWithComments] {
                let c14n = C14n { algorithm, comments: true, inclusive_prefixes: &[] };
                agree(source, document.root(), None, &c14n);
            }
        }
    }
}

const SEEDS: [&str; 5] = [
    "<?xml version='1.0' encoding='UTF-8' standalone='no'?><!-- c --><a>t</a>\n",
    "<a xmlns='urn:a' xmlns:b=\"http://b/\"><b:c b:d='e' d='&lt;&#10;'/><c xmlns=''>t</c></a>",
    "<a ID='_1'>x<![CDATA[ ] ]] > ]]>&amp;&#x41;<!-- d --> \r\n </a>",
    "<a xml:lang='en' xml:id='i' xml:space='preserve'><é ü='\u{1F600}'/>]]&gt;</a>",
    "<a:b xmlns:a='urn:a' a:x='1' y=\"2\"><a:c></a:c ><d/></a:b>",
];
const INSERTS: [&str; 40] = [
    "",
    "<",
    ">",
    "&",
    "'",
    "\"",
    "/",
    "=",
    " ",
    "\n",
    "\r",
    "\t",
    "]]>",
    "--",
    "-",
    "!",
    "?",
    "<!--",
    "-->",
    "<![CDATA[",
    "]]",
    "<?x?>",
    "<?xml version='1.0'?>",
    "&#0;",
    "&#x10FFFF;",
    "&lt;",
    "&x;",
    ":",
    "xmlns='urn:x'",
    " xmlns:q=''",
    " xmlns:q='q'",
    " xmlns:q='http:/q'",
    " a='b'",
    "\u{FFFE}",
    "\u{FEFF}",
    "\u{85}",
    "\u{2028}",
    "<x>",
    "</x>",
    "<!DOCTYPE a>",
];

/// Well-formed documents that redeclare, undeclare and hide namespaces.
fn generated(depth: u32) -> impl proptest::strategy::Strategy<Value = String> {
    use proptest::prelude::*;
    let declaration =
        prop_oneof![Just(r#" xmlns="urn:x""#), Just(r#" xmlns="urn:y""#), Just(r#" xmlns="""#), Just("")];
    let prefixed = prop_oneof![Just(r#" xmlns:b="urn:x""#), Just(r#" xmlns:b="urn:z""#), Just("")];
    let attributes = prop_oneof![
        Just(""),
        Just(r#" a:x="1" x="&#10;""#),
        Just(r#" y="&amp;" b:x="2""#),
        Just(r#" xml:lang="en""#),
        Just(r#" xml:space="default" z="&quot;'" a="&gt;""#)
    ];
    let name = prop_oneof![Just("a:e"), Just("b:e"), Just("e"), Just("f")];
    let tag = (name, declaration, prefixed, attributes);
    let text = prop_oneof![
        Just("t".to_owned()),
        Just("&lt;&#13;".to_owned()),
        Just("<!-- c -->".to_owned()),
        Just("<![CDATA[ ]] > ]]>".to_owned()),
        Just("\u{e9}\n".to_owned())
    ];
    let inner = text.prop_recursive(depth, 24, 4, move |inner| {
        (tag.clone(), proptest::collection::vec(inner, 0..4)).prop_map(
            |((name, default, prefixed, attributes), inner)| {
                format!("<{name}{default}{prefixed}{attributes}>{}</{name}>", inner.concat())
            },
        )
    });
    proptest::collection::vec(inner, 1..4)
        .prop_map(|inner| format!(r#"<r xmlns:a="urn:a" xmlns:b="urn:b">{}</r>"#, inner.concat()))
}

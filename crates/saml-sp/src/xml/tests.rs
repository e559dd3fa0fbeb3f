//! What the reader takes and refuses, rule by rule.
#![expect(clippy::arithmetic_side_effects, reason = "test helpers")]

use super::write::XmlElement;
use super::*;
use crate::limits::Limits;

fn refused(xml: &[u8]) -> XmlError {
    match Document::parse(xml, &Limits::default()) {
        Err(error) => error,
        Ok(_) => panic!("taken: {}", String::from_utf8_lossy(xml)),
    }
}

fn check(xml: &str, code: &str) {
    let error = refused(xml.as_bytes());
    assert_eq!(error.code(), code, "{error}: {xml}");
}

fn taken(xml: &str, look: impl FnOnce(Element<'_>)) {
    match Document::parse(xml.as_bytes(), &Limits::default()) {
        Ok(document) => look(document.root()),
        Err(error) => panic!("{error}: {xml}"),
    }
}

#[test]
fn only_utf8() {
    // XML-01
    assert_eq!(refused(b"<a>\xFF</a>").kind(), &XmlErrorKind::NotUtf8);
    assert_eq!(refused(b"\xFF\xFE<\0a\0/\0>\0").code(), "XML-01");
    assert_eq!(refused(b"<a>\xED\xA0\x80</a>").position(), 3);
    for encoding in ["UTF-16", "ISO-8859-1", "utf-7", "utf8", ""] {
        check(&format!("<?xml version='1.0' encoding='{encoding}'?><a/>"), "XML-01");
    }
    for declaration in [
        "",
        "\u{FEFF}",
        "<?xml version='1.0'?>",
        "<?xml version=\"1.0\" encoding='utf-8' standalone='yes' ?>",
    ] {
        taken(&format!("{declaration}<a/>"), |root| assert!(root.is("", "a")));
    }
    check("\u{FEFF}\u{FEFF}<a/>", "XML-04");
}

#[test]
fn no_doctype_and_no_entities() {
    // XML-02
    check("<!DOCTYPE a><a/>", "XML-02");
    check("<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>", "XML-02");
    check("<!DOCTYPE a SYSTEM 'file:///etc/passwd'><a/>", "XML-02");
    check("<!DOCTYPE a [", "XML-02");
    check("<a>&b;</a>", "XML-02");
    check("<a b='&nbsp;'/>", "XML-02");
    check("<a>&;</a>", "XML-02");
    taken(
        "<a b='&lt;&gt;&amp;&quot;&apos;&#65;&#x1F600;'>&lt;&gt;&amp;&quot;&apos;&#65;&#x1F600;</a>",
        |root| {
            assert_eq!(root.attribute("b"), Some("<>&\"'A\u{1F600}"));
            assert_eq!(root.text(), "<>&\"'A\u{1F600}");
        },
    );
}

#[test]
fn no_processing_instructions() {
    // XML-03
    for xml in [
        "<?a b?><a/>",
        "<a><?b?></a>",
        "<a/><?b?>",
        " <?xml version='1.0'?><a/>",
        "<?xml-stylesheet href='x'?><a/>",
        "<a><?xml version='1.0'?></a>",
    ] {
        check(xml, "XML-03");
    }
}

#[test]
fn well_formed() {
    // XML-04
    for xml in [
        "",
        " ",
        "text",
        "<a>",
        "</a>",
        "<a></b>",
        "<a/><b/>",
        "<a/>text",
        "text<a/>",
        "<a/>&amp;",
        "<a/><![CDATA[]]>",
        "<a b/>",
        "<a b=c/>",
        "<a b='c'd='e'/>",
        "<a b='c' b='d'/>",
        "<a b='<'/>",
        "<a b='&'/>",
        "<a b='&amp'/>",
        "<a b='c/>",
        "<a b = />",
        "<a / >",
        "< a/>",
        "<a></a b>",
        "<a>&</a>",
        "<a>&#;</a>",
        "<a>&#x;</a>",
        "<a>&#xG;</a>",
        "<a>&#+1;</a>",
        "<a>&#X41;</a>",
        "<a>]]></a>",
        "<a><!-- -- --></a>",
        "<a><!-- ---></a>",
        "<a><!-- </a>",
        "<a><![CDATA[</a>",
        "<a><!ELEMENT b></a>",
        "<1/>",
        "<-a/>",
        "<a:/>",
        "<:a/>",
        "<a:b:c xmlns:a='urn:a'/>",
        "<a 1='2'/>",
        "<a:b/>",
        "<a b:c='d'/>",
        "<xmlns:a/>",
        "<a>\u{0}</a>",
        "<a>\u{1}</a>",
        "<a>\u{FFFE}</a>",
        "<a>&#0;</a>",
        "<a>&#xFFFF;</a>",
        "<a>&#xD800;</a>",
        "<a>&#x110000;</a>",
        "<a>&#99999999999;</a>",
        "<a b='&#1;'/>",
        "<a\u{a0}b='c'/>",
        "<?xml version='1.1'?><a/>",
        "<?xml encoding='UTF-8'?><a/>",
        "<?xml version='1.0' version='1.0'?><a/>",
        "<?xml version='1.0' standalone='maybe'?><a/>",
        "<?xml standalone='yes' version='1.0'?><a/>",
        "<?xml?><a/>",
        "<?xml version='1.0'><a/>",
    ] {
        let code = refused(xml.as_bytes()).code();
        assert!(["XML-04", "XML-03"].contains(&code), "{code}: {xml}");
    }
    for xml in [
        "<a\n b = 'c'\t/>",
        "<a></a \n>",
        "<a>]]</a>",
        "<a>]] ></a>",
        "<a b=']]>'/>",
        "<a b='>'/>",
        "<_/>",
        "<é.-·1/>",
    ] {
        taken(xml, |_| ());
    }
}

#[test]
fn namespaces() {
    // XML-04
    for xml in [
        "<a xmlns:b='urn:b' xmlns:c='urn:b' b:d='' c:d=''/>",
        "<a xmlns:b='urn:b' xmlns:b='urn:c'/>",
        "<a xmlns='urn:b' xmlns='urn:b'/>",
        "<a xmlns:b=''/>",
        "<a xmlns:xmlns='urn:x'/>",
        "<a xmlns:xml='urn:x'/>",
        "<a xmlns:b='http://www.w3.org/2000/xmlns/'/>",
        "<a xmlns:b='http://www.w3.org/XML/1998/namespace'/>",
        "<a xmlns='http://www.w3.org/XML/1998/namespace'/>",
        "<a xmlns='relative'/>",
        "<a xmlns='urn:a&amp;b'/>",
        "<a xmlns='urn:a b'/>",
        "<a xmlns=\"urn:a'b\"/>",
        "<a xmlns='urn:a\"b'/>",
        "<a xmlns='urn:a>b'/>",
        "<a xmlns='urn:\u{e9}'/>",
        "<a xmlns='http:///x'/>",
        "<a xmlns:a='urn:'/>",
        "<a xmlns:b=' urn:b'/>",
        "<a xmlns='mailto:x'/>",
        "<a xmlns='http://]/'/>",
        "<a xmlns='http://b:/'/>",
        "<a xmlns='http://b:x/'/>",
        "<a xmlns='http://b/%'/>",
        "<a xmlns='http://b/#a#'/>",
        "<a xmlns='http://u@b/'/>",
        "<a><b xmlns:c='urn:c'/><c:d/></a>",
    ] {
        check(xml, "XML-04");
    }
    for uri in [
        "http://schemas.xmlsoap.org/ws/2005/05/identity",
        "http://a:8080/x?y=z#w",
        "urn:a:b:c%20",
        "https://A_b",
    ] {
        taken(&format!("<a xmlns='{uri}'/>"), |root| assert_eq!(root.namespace(), uri));
    }
    taken("<a xmlns='urn:a' xmlns:b='urn:b' c='1' b:c='2'><d xmlns=''/><b:e xmlns:b='urn:z'/></a>", |root| {
        assert_eq!((root.namespace(), root.local_name()), ("urn:a", "a"));
        assert_eq!((root.attribute("c"), root.attribute_ns("urn:b", "c")), (Some("1"), Some("2")));
        let [d, e] = root.children().collect::<Vec<_>>()[..] else { panic!() };
        assert!(d.is("", "d") && e.is("urn:z", "e"));
        assert_eq!(e.namespaces_in_scope().len(), 2);
        assert_eq!(d.namespaces_in_scope(), [Declaration { prefix: "b", uri: "urn:b" }]);
    });
}

/// A limit that is reached is fine, and one more is the error for it.
fn limit(
    set: impl Fn(&mut Limits, usize),
    number: usize,
    make: impl Fn(usize) -> String,
    expected: &XmlErrorKind,
) {
    let limits = &mut Limits::default();
    set(limits, number);
    let good = make(number);
    Document::parse(good.as_bytes(), limits).unwrap_or_else(|error| panic!("{error}"));
    let bad = make(number + 1);
    let error = Document::parse(bad.as_bytes(), limits).unwrap_err();
    assert_eq!(error.kind(), expected);
    assert_eq!(error.code(), "XML-05");
}

#[test]
fn each_limit_holds_at_n_and_stops_n_plus_one() {
    // XML-05
    let nested = |depth: usize| format!("{}{}", "<a>".repeat(depth), "</a>".repeat(depth));
    limit(|limits, n| limits.depth = n, 64, nested, &XmlErrorKind::TooDeep { limit: 64 });
    let wide = |nodes: usize| format!("<a>{}</a>", "<b/>".repeat(nodes - 1));
    limit(|limits, n| limits.nodes = n, 100, wide, &XmlErrorKind::TooManyNodes { limit: 100 });
    let texts = |nodes: usize| format!("<a>{}</a>", "&amp;".repeat(nodes - 1));
    limit(|limits, n| limits.nodes = n, 100, texts, &XmlErrorKind::TooManyNodes { limit: 100 });
    let attributes =
        |count: usize| format!("<a {}/>", (0..count).map(|n| format!("b{n}='' ")).collect::<String>());
    limit(|limits, n| limits.attributes = n, 64, attributes, &XmlErrorKind::TooManyAttributes { limit: 64 });
    let declared = |count: usize| format!("<a>{}</a>", "<b xmlns:c='urn:c'/>".repeat(count));
    limit(
        |limits, n| limits.namespace_declarations = n,
        500,
        declared,
        &XmlErrorKind::TooManyNamespaces { limit: 500 },
    );
    let in_scope = |count: usize| {
        format!("<a {}/>", (0..count).map(|n| format!("xmlns:b{n}='urn:b' ")).collect::<String>())
    };
    limit(
        |limits, n| limits.namespaces_in_scope = n,
        64,
        in_scope,
        &XmlErrorKind::TooManyNamespacesInScope { limit: 64 },
    );
    let nested_scope = |count: usize| {
        (0..count).rev().fold(String::new(), |inner, _| format!("<a xmlns='urn:a'>{inner}</a>"))
    };
    limit(
        |limits, n| limits.namespaces_in_scope = n,
        20,
        nested_scope,
        &XmlErrorKind::TooManyNamespacesInScope { limit: 20 },
    );
    let bytes = |count: usize| format!("<a>{}</a>", "x".repeat(count - 7));
    limit(
        |limits, n| limits.message_bytes = n,
        50,
        bytes,
        &XmlErrorKind::TooManyBytes { limit: 50, found: 51 },
    );
}

#[test]
fn text_is_whole_whatever_stands_in_between() {
    // XML-06
    taken("<a>user@a.com<!-- x -->.evil<![CDATA[.com&]]>&amp;<b>not this</b>!</a>", |root| {
        assert_eq!(root.text(), "user@a.com.evil.com&&!");
        assert!(!root.has_only_text() && root.has_mixed_content() && root.contains_comment());
    });
    taken("<a><!-- --></a>", |root| assert_eq!(root.text(), ""));
}

#[test]
fn ids_are_unique_names() {
    // XML-07
    let pairs = ["ID", "Id", "id", "xml:id", "AssertionID"];
    for first in pairs {
        for second in pairs {
            check(&format!("<a {first}='x'><b {second}='x'/></a>"), "XML-07");
        }
        if first != "id" {
            for bad in ["", "1", "a b", "a:b", "-a", "#a"] {
                check(&format!("<a {first}='{bad}'/>"), "XML-07");
            }
        }
    }
    taken("<a ID='_1' Id='_2'><b xml:id='_3'/><c id='4 5'/><d x:ID='_1' xmlns:x='urn:x'/></a>", |root| {
        let document = root.document();
        assert_eq!(document.element_by_id("_1"), Some(root));
        assert_eq!(document.element_by_id("_2"), Some(root));
        assert_eq!(document.element_by_id("_3"), root.child("", "b"));
        assert_eq!(document.element_by_id("_4"), None);
    });
}

#[test]
fn line_ends_and_white_space_are_normalised() {
    // XML-08
    taken("<a b='1\r\n2\r3\n4\t5&#13;&#10;&#9;6'>1\r\n2\r3\n4\t5&#13;<![CDATA[\r\n]]></a>", |root| {
        assert_eq!(root.attribute("b"), Some("1 2 3 4 5\r\n\t6"));
        assert_eq!(root.text(), "1\n2\n3\n4\t5\r\n");
    });
}

#[test]
fn values_are_not_trimmed_or_folded() {
    // XML-11
    taken("<a b=' X '> \u{e9} \u{65}\u{301} </a>", |root| {
        assert_eq!(root.attribute("b"), Some(" X "));
        assert_eq!(root.text(), " \u{e9} \u{65}\u{301} ");
    });
}

#[test]
fn elements_are_found_by_way_of_others() {
    taken("<!-- c --><a><b><c/></b>t<b x='1'/><d/></a>", |root| {
        assert_eq!(root.children().count(), 3);
        assert_eq!(root.children_named("", "b").count(), 2);
        let c = root.child("", "b").and_then(|b| b.child("", "c")).unwrap();
        assert_eq!(c.parent().and_then(Element::parent), Some(root));
        assert_eq!(c.ancestors_and_self().count(), 3);
        assert_eq!(root.parent(), None);
        assert_eq!(root.descendants_and_self().map(Element::local_name).collect::<String>(), "abcbd");
        assert_eq!(c.ordinal(), 2);
        assert_eq!(root.child("", "b").unwrap().source(), "<b><c/></b>");
        assert_eq!(c.source(), "<c/>");
        assert_eq!(root.child("", "d").unwrap().descendants_and_self().count(), 1);
    });
}

#[test]
fn positions_count_a_byte_order_mark() {
    assert_eq!(refused("\u{FEFF}<a>&b;</a>".as_bytes()).position(), 6);
    assert_eq!(refused(b"<a>&b;</a>").position(), 3);
}

#[test]
fn the_writer_writes_exclusive_canonical_form() {
    let element = XmlElement::new("p", "urn:p", "a")
        .attr("z", "<&>\"'\t\n\r\u{0}")
        .attr("b", "1")
        .attr_ns("q", "urn:q", "c", "2")
        .attr_ns("xml", XML_NS, "lang", "en")
        .attr_opt("none", None::<String>)
        .text("<&>\"'\t\n\r\u{0}")
        .child(XmlElement::new("p", "urn:p", "b").child(XmlElement::new("", "urn:d", "c")))
        .child(XmlElement::new("", "", "d"))
        .child_opt(None)
        .children([XmlElement::new("p", "urn:other", "e")]);
    let text = element.to_xml();
    taken(&text, |root| {
        assert_eq!(root.attribute("z"), Some("<&>\"'\t\n\r"));
        assert_eq!(root.children().map(Element::namespace).collect::<Vec<_>>(), ["urn:p", "", "urn:other"]);
        let c14n = c14n::C14n {
            algorithm: crate::dsig::Canonicalization::Exclusive,
            comments: true,
            inclusive_prefixes: &[],
        };
        let mut canonical = Vec::new();
        c14n::canonicalize(root, None, &c14n, &mut canonical).unwrap();
        assert_eq!(String::from_utf8(canonical).unwrap(), text);
    });
}

#[test]
fn inherited_xml_attributes_follow_the_version() {
    // SIG-16
    use crate::dsig::Canonicalization::{Exclusive, Inclusive, Inclusive11};
    let source =
        "<a xml:lang='en' xml:id='i' xml:space='default' xmlns:u='urn:u'><b xml:space='preserve'/></a>";
    let form = |source: &str, algorithm| {
        let document = Document::parse(source.as_bytes(), &Limits::default()).unwrap();
        let b = document.root().child("", "b").unwrap();
        let c14n = c14n::C14n { algorithm, comments: false, inclusive_prefixes: &[] };
        let mut out = Vec::new();
        c14n::canonicalize(b, None, &c14n, &mut out).map(|()| String::from_utf8(out).unwrap())
    };
    assert_eq!(form(source, Exclusive).unwrap(), r#"<b xml:space="preserve"></b>"#);
    let expected = r#"<b xmlns:u="urn:u" xml:id="i" xml:lang="en" xml:space="preserve"></b>"#;
    assert_eq!(form(source, Inclusive).unwrap(), expected);
    let expected = r#"<b xmlns:u="urn:u" xml:lang="en" xml:space="preserve"></b>"#;
    assert_eq!(form(source, Inclusive11).unwrap(), expected);
    // SIG-15: what cannot be canonicalized has no form, not an empty one.
    assert_eq!(form("<a xml:base='http://x/'><b/></a>", Inclusive11), Err(c14n::C14nError));
}

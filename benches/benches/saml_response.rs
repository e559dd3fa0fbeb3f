//! Accepting responses, beside the least that the same bytes can cost: base64, quick-xml's events with attributes,
//! SHA-256 and one public-key operation of OpenSSL for each signature.
#![expect(
    clippy::unwrap_used,
    clippy::arithmetic_side_effects,
    reason = "a bench that cannot be set up has nothing to measure"
)]

use std::hint::black_box;
use std::time::Duration;

use base64::{Engine as _, prelude::BASE64_STANDARD};
use benches::saml as scene;
use benches::saml::{Kind, SP_KEY, Scene, body_of, now, verification_key};
use criterion::{
    BenchmarkGroup, Criterion, Throughput, criterion_group, criterion_main, measurement::WallTime,
};
use floor::{Floor, events};
use openssl::{pkey::PKey, rsa::Padding, x509::X509};
use saml_sp::testing::TestSign;
use saml_sp::{Binding, Engines, LoginOptions, MetadataOptions, RequestId};

#[path = "saml_floor.rs"]
mod floor;

/// What is measured: name, key, size of the XML, what is signed, whether the assertion is encrypted.
const RESPONSES: [(&str, Kind, usize, TestSign, bool); 5] = [
    ("5 KB", Kind::Rsa, 5_000, TestSign::Assertion, false),
    ("both signed", Kind::Rsa, 5_000, TestSign::Both, false),
    ("200 groups", Kind::Rsa, 42_000, TestSign::Assertion, false),
    ("ECDSA P-256", Kind::Ecdsa, 5_000, TestSign::Assertion, false),
    ("encrypted", Kind::Rsa, 5_000, TestSign::Assertion, true),
];

fn engines() -> Vec<(&'static str, Engines)> {
    let mut engines = vec![("native", Engines::Native)];
    if cfg!(feature = "xmlsec") {
        engines.extend([("xmlsec", Engines::Xmlsec), ("agreement", Engines::Agreement)]);
    }
    engines
}

fn accept(c: &mut Criterion) {
    let mut group = group(c, "response");
    for (name, kind, bytes, sign, encrypted) in RESPONSES {
        let scene = Scene::new(kind, Engines::Native);
        let (_, xml) = scene.response(bytes, sign, encrypted);
        let floor = Floor::new(kind, if sign == TestSign::Both { 2 } else { 1 }, encrypted);
        let encoded = BASE64_STANDARD.encode(&xml);
        group.throughput(Throughput::Bytes(u64::try_from(xml.len()).unwrap()));
        group.bench_function(format!("{name}/floor"), |b| b.iter(|| floor.run(black_box(&encoded))));
        for (engine, engines) in engines() {
            let scene = Scene::new(kind, engines);
            let (body, _) = scene.response(bytes, sign, encrypted);
            group.bench_function(format!("{name}/{engine}"), |b| {
                b.iter(|| scene.accept(black_box(&body)).unwrap());
            });
        }
    }
    group.finish();
}

fn growth(c: &mut Criterion) {
    let mut group = group(c, "growth");
    for (name, bytes) in [("5 KB", 5_000), ("50 KB", 50_000), ("500 KB", 500_000), ("5 MB", 5_000_000)] {
        let mut scene = Scene::new(Kind::Rsa, Engines::Native);
        scene.make_room(10_000_000);
        let (body, xml) = scene.response(bytes, TestSign::Assertion, false);
        group.throughput(Throughput::Bytes(u64::try_from(xml.len()).unwrap()));
        group.bench_function(name, |b| b.iter(|| scene.accept(black_box(&body)).unwrap()));
    }
    group.finish();
}

/// What is too large or too deep must cost less than a good response does.
fn refused(c: &mut Criterion) {
    let mut group = group(c, "refused");
    let scene = Scene::new(Kind::Rsa, Engines::default());
    for (name, xml) in benches::saml::bombs() {
        let body = body_of(xml.as_bytes());
        group.bench_function(name, |b| b.iter(|| scene.accept(black_box(&body)).unwrap_err()));
    }
    // The digest is the last thing to fail: nothing is saved.
    let (_, xml) = scene.response(5_000, TestSign::Assertion, false);
    let body = body_of(
        String::from_utf8(xml).unwrap().replace(">alice@example.com<", ">mallory@example.com<").as_bytes(),
    );
    for (engine, engines) in engines() {
        let scene = Scene::new(Kind::Rsa, engines);
        group.bench_function(format!("altered 5 KB/{engine}"), |b| {
            b.iter(|| scene.accept(black_box(&body)).unwrap_err());
        });
    }
    group.finish();
}

fn begin(c: &mut Criterion) {
    let scene = Scene::new(Kind::Rsa, Engines::Native);
    let mut group = group(c, "begin_login");
    let begin = |sign: bool| {
        let mut options = LoginOptions::default();
        options.binding = Some(Binding::HttpRedirect);
        options.sign = sign;
        scene.connection().begin_login(options, RequestId::from_random([7; 20]), now()).unwrap()
    };
    let (outbound, _) = begin(false);
    let url = outbound.redirect_url().unwrap().to_owned();
    let request =
        url.split_once("SAMLRequest=").unwrap().1.replace("%2B", "+").replace("%2F", "/").replace("%3D", "=");
    let mut xml = Vec::new();
    let deflated = BASE64_STANDARD.decode(request).unwrap();
    std::io::Read::read_to_end(&mut flate2::read::DeflateDecoder::new(&deflated[..]), &mut xml).unwrap();
    let key = PKey::private_key_from_pem(SP_KEY.as_bytes()).unwrap().rsa().unwrap();
    let floor = |sign: bool| {
        let mut deflate = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::default());
        std::io::Write::write_all(&mut deflate, black_box(&xml)).unwrap();
        let encoded = BASE64_STANDARD.encode(deflate.finish().unwrap());
        let mut signature = [0; 256];
        if sign {
            let digest = openssl::sha::sha256(encoded.as_bytes());
            key.private_encrypt(&digest, &mut signature, Padding::PKCS1).unwrap();
        }
        (encoded, signature)
    };
    for (name, sign) in [("unsigned", false), ("signed", true)] {
        group.bench_function(format!("{name}/floor"), |b| b.iter(|| floor(sign)));
        group.bench_function(format!("{name}/native"), |b| b.iter(|| begin(sign)));
    }
    group.finish();
}

fn metadata(c: &mut Criterion) {
    let scene = Scene::new(Kind::Rsa, Engines::Native);
    let mut group = group(c, "metadata");
    let one = scene.test_idp.metadata(now() + chrono::TimeDelta::days(30)).unwrap();
    let certificate = scene.test_idp.key().certificate_pem().unwrap();
    let options = MetadataOptions::default();
    group.throughput(Throughput::Bytes(u64::try_from(one.len()).unwrap()));
    group.bench_function("one/floor", |b| b.iter(|| events(black_box(one.as_bytes()))));
    group.bench_function("one/its certificate alone", |b| b.iter(|| verification_key(&scene.test_idp)));
    group.bench_function("one/its certificate alone, by OpenSSL", |b| {
        b.iter(|| X509::from_pem(black_box(certificate.as_bytes())).unwrap().public_key().unwrap());
    });
    group
        .bench_function("one/native", |b| b.iter(|| options.read(black_box(one.as_bytes()), now()).unwrap()));

    let aggregate = benches::saml::aggregate(&one, 5_000_000);
    let mut options = MetadataOptions::default();
    options.entity_id = Some("https://idp.example.com/metadata/1000".parse().unwrap());
    group.throughput(Throughput::Bytes(u64::try_from(aggregate.len()).unwrap()));
    group.bench_function("5 MB aggregate/floor", |b| b.iter(|| events(black_box(aggregate.as_bytes()))));
    group.bench_function("5 MB aggregate/native", |b| {
        b.iter(|| options.read(black_box(aggregate.as_bytes()), now()).unwrap());
    });
    group.finish();
}

fn group<'c>(c: &'c mut Criterion, name: &str) -> BenchmarkGroup<'c, WallTime> {
    let mut group = c.benchmark_group(name);
    group.warm_up_time(Duration::from_millis(300)).measurement_time(Duration::from_secs(1)).sample_size(40);
    group
}

criterion_group!(benches, accept, growth, refused, begin, metadata);
criterion_main!(benches);

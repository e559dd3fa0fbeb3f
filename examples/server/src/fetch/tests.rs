//! A server of our own, with a certificate of our own authority.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use openssl::asn1::Asn1Time;
use openssl::hash::MessageDigest;
use openssl::pkey::{PKey, Private};
use openssl::rsa::Rsa;
use openssl::ssl::{SslAcceptor, SslMethod, SslStream};
use openssl::x509::extension::{BasicConstraints, SubjectAlternativeName};
use openssl::x509::{X509, X509Builder, X509NameBuilder};

use super::*;

struct Authority {
    key: PKey<Private>,
    certificate: X509,
}

impl Authority {
    fn new() -> Self {
        let key = PKey::from_rsa(Rsa::generate(2048).unwrap()).unwrap();
        let mut builder = builder("test authority", &key);
        builder.append_extension(BasicConstraints::new().critical().ca().build().unwrap()).unwrap();
        builder.sign(&key, MessageDigest::sha256()).unwrap();
        Self { key, certificate: builder.build() }
    }

    fn acceptor(&self) -> SslAcceptor {
        let key = PKey::from_rsa(Rsa::generate(2048).unwrap()).unwrap();
        let mut builder = builder("localhost", &key);
        builder.set_issuer_name(self.certificate.subject_name()).unwrap();
        let context = builder.x509v3_context(Some(&self.certificate), None);
        let names = SubjectAlternativeName::new().dns("localhost").build(&context).unwrap();
        builder.append_extension(names).unwrap();
        builder.sign(&self.key, MessageDigest::sha256()).unwrap();
        let mut acceptor = SslAcceptor::mozilla_intermediate_v5(SslMethod::tls_server()).unwrap();
        acceptor.set_private_key(&key).unwrap();
        acceptor.set_certificate(&builder.build()).unwrap();
        acceptor.build()
    }
}

fn builder(name: &str, key: &PKey<Private>) -> X509Builder {
    let mut names = X509NameBuilder::new().unwrap();
    names.append_entry_by_text("CN", name).unwrap();
    let names = names.build();
    let mut builder = X509::builder().unwrap();
    builder.set_version(2).unwrap();
    builder.set_subject_name(&names).unwrap();
    builder.set_issuer_name(&names).unwrap();
    builder.set_pubkey(key).unwrap();
    builder.set_not_before(&Asn1Time::days_from_now(0).unwrap()).unwrap();
    builder.set_not_after(&Asn1Time::days_from_now(2).unwrap()).unwrap();
    builder
}

/// A server that answers each path as the test says; counts who asked.
struct Server {
    port: u16,
    roots: Vec<u8>,
    asked: Arc<AtomicUsize>,
}

impl Server {
    fn start(answer: fn(&str, &mut SslStream<TcpStream>)) -> Self {
        let authority = Authority::new();
        let acceptor = authority.acceptor();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let asked = Arc::new(AtomicUsize::new(0));
        let count = asked.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let Ok(stream) = stream else { break };
                count.fetch_add(1, Ordering::SeqCst);
                let acceptor = acceptor.clone();
                std::thread::spawn(move || {
                    let Ok(mut stream) = acceptor.accept(stream) else { return };
                    let path = head(&mut stream);
                    answer(&path, &mut stream);
                    let _ = stream.shutdown();
                });
            }
        });
        Self { port, roots: authority.certificate.to_pem().unwrap(), asked }
    }

    fn fetcher(&self, change: impl FnOnce(&mut FetchOptions)) -> Fetcher {
        let mut options = FetchOptions {
            danger_private_addresses: true,
            roots: Some(self.roots.clone()),
            limit: 1000,
            time: Duration::from_secs(5),
        };
        change(&mut options);
        Fetcher::new(options)
    }

    async fn get(&self, path: &str) -> Result<String, FetchError> {
        self.get_with(|_| {}, path).await
    }

    async fn get_with(
        &self,
        change: impl FnOnce(&mut FetchOptions),
        path: &str,
    ) -> Result<String, FetchError> {
        let url = format!("https://localhost:{}{path}", self.port);
        let bytes = self.fetcher(change).get(&url).await?;
        Ok(String::from_utf8(bytes).unwrap())
    }
}

fn head(stream: &mut SslStream<TcpStream>) -> String {
    let mut seen = Vec::new();
    let mut byte = [0_u8];
    while !seen.ends_with(b"\r\n\r\n") && stream.read(&mut byte).is_ok_and(|length| length == 1) {
        seen.push(byte[0]);
    }
    String::from_utf8_lossy(&seen).split(' ').nth(1).unwrap_or_default().to_owned()
}

fn say(stream: &mut SslStream<TcpStream>, text: &str) {
    // The other side may have gone, which is what some of these tests are about.
    let _ = stream.write_all(text.as_bytes());
}

fn site(path: &str, stream: &mut SslStream<TcpStream>) {
    let redirect = |to: &str| format!("HTTP/1.1 302 Found\r\nLocation: {to}\r\nContent-Length: 0\r\n\r\n");
    match path {
        "/metadata" => {
            say(stream, "HTTP/1.1 200 OK\r\nContent-Type: image/png\r\nContent-Length: 5\r\n\r\n<idp>");
        }
        "/long" => say(stream, &format!("HTTP/1.1 200 OK\r\n\r\n{}", "x".repeat(1001))),
        "/whole" => say(stream, &format!("HTTP/1.1 200 OK\r\n\r\n{}", "x".repeat(1000))),
        "/lies" => say(stream, "HTTP/1.1 200 OK\r\nContent-Length: 999999999\r\n\r\nxx"),
        "/endless" => {
            say(stream, "HTTP/1.1 200 OK\r\n\r\n");
            while stream.write_all(&[b'x'; 512]).is_ok() {}
        }
        "/slow" => {
            say(stream, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n");
            while stream.write_all(b"x").is_ok() {
                std::thread::park_timeout(Duration::from_millis(50));
            }
        }
        "/silent" => while stream.read(&mut [0_u8; 1]).is_ok_and(|length| length > 0) {},
        "/moved" => say(stream, &redirect("/metadata")),
        "/circle" => say(stream, &redirect("/circle")),
        "/gone" => say(stream, "HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\ngone"),
        "/plain" => say(stream, &redirect("http://localhost/metadata")),
        other => say(stream, &redirect(other.trim_start_matches("/to/"))),
    }
}

#[tokio::test]
async fn a_document_is_fetched_whatever_type_it_says_it_is() {
    let server = Server::start(site);
    assert_eq!(server.get("/metadata").await.as_deref(), Ok("<idp>"));
    assert_eq!(server.get("/moved").await.as_deref(), Ok("<idp>"));
    assert_eq!(server.get("/whole").await.map(|text| text.len()), Ok(1000));
}

#[tokio::test]
async fn a_private_address_is_not_even_connected_to() {
    let server = Server::start(site);
    for host in ["localhost", "127.0.0.1", "[::1]", "[::ffff:127.0.0.1]", "2130706433", "0x7f.1", "0"] {
        let url = format!("https://{host}:{}/metadata", server.port);
        let refused = server.fetcher(|options| options.danger_private_addresses = false).get(&url).await;
        assert!(
            matches!(refused, Err(FetchError::NotPublic | FetchError::NoHost | FetchError::Url)),
            "{host}: {refused:?}"
        );
    }
    for url in ["https://169.254.169.254/latest", "https://10.1.2.3/", "https://[fd00:ec2::254]/"] {
        assert_eq!(Fetcher::default().get(url).await, Err(FetchError::NotPublic), "{url}");
    }
    assert_eq!(server.asked.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn a_redirect_leads_to_the_same_host_or_nowhere() {
    let server = Server::start(site);
    let port = server.port;
    for to in [
        "https://127.0.0.1/metadata".to_owned(),
        format!("https://127.0.0.1:{port}/metadata"),
        "https://169.254.169.254/latest/meta-data".to_owned(),
        format!("https://[::1]:{port}/metadata"),
        format!("https://[::ffff:127.0.0.1]:{port}/metadata"),
        format!("https://localhost.evil.example:{port}/metadata"),
        format!("https://localhost@127.0.0.1:{port}/metadata"),
        format!("//127.0.0.1:{port}/metadata"),
        "https://localhost/metadata".to_owned(),
        "metadata".to_owned(),
        "file:///etc/passwd".to_owned(),
    ] {
        let refused = server.get(&format!("/to/{to}")).await;
        assert_eq!(refused, Err(FetchError::Redirect { to }));
    }
    let refused = server.get("/plain").await;
    assert_eq!(refused, Err(FetchError::Redirect { to: "http://localhost/metadata".to_owned() }));
    let same = format!("/to/https://LOCALHOST:{port}/metadata");
    assert_eq!(server.get(&same).await.as_deref(), Ok("<idp>"));
    assert_eq!(server.get("/circle").await, Err(FetchError::TooManyRedirects));
}

#[tokio::test]
async fn a_document_without_end_or_in_no_hurry_is_given_up() {
    let server = Server::start(site);
    for path in ["/endless", "/long"] {
        assert_eq!(server.get(path).await, Err(FetchError::TooLarge { limit: 1000 }), "{path}");
    }
    let hurried = |options: &mut FetchOptions| options.time = Duration::from_secs(1);
    for path in ["/slow", "/silent"] {
        let refused = server.get_with(hurried, path).await;
        assert_eq!(refused, Err(FetchError::TimedOut { seconds: 1 }), "{path}");
    }
    assert!(server.get("/lies").await.is_err());
    assert_eq!(server.get("/gone").await, Err(FetchError::Status { status: 404 }));
}

#[tokio::test]
async fn a_certificate_of_another_authority_or_name_is_not_good() {
    let server = Server::start(site);
    let other = Authority::new().certificate.to_pem().unwrap();
    let refused = server.get_with(|options| options.roots = Some(other), "/metadata").await;
    assert_eq!(refused.unwrap_err().code(), "fetch.tls");
    let system = server.get_with(|options| options.roots = None, "/metadata").await;
    assert_eq!(system.unwrap_err().code(), "fetch.tls");
    let named = format!("https://127.0.0.1:{}/metadata", server.port);
    assert_eq!(server.fetcher(|_| {}).get(&named).await.unwrap_err().code(), "fetch.tls");
}

#[tokio::test]
async fn only_https_addresses_are_fetched() {
    for url in [
        "",
        "http://localhost/metadata",
        "ftp://localhost/",
        "file:///etc/passwd",
        "//localhost/",
        "localhost",
        "https://",
        "https://user@localhost/",
        "https://user:secret@localhost/",
        "https://localhost/#x",
        "https://local host/",
        &format!("https://localhost/{}", "x".repeat(3000)),
    ] {
        assert_eq!(Fetcher::default().get(url).await, Err(FetchError::Url), "{url}");
    }
}

#[tokio::test]
async fn what_cannot_be_reached_says_so() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let fetcher = Fetcher::new(FetchOptions { danger_private_addresses: true, ..FetchOptions::default() });
    let refused = fetcher.get(&format!("https://127.0.0.1:{port}/")).await.unwrap_err();
    assert_eq!(refused.code(), "fetch.no_connection");
    assert!(!refused.hint().is_empty());
}

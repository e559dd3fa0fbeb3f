//! A DNS server for tests, on a port that the system chooses: it knows what a test tells it, and answers over UDP.

use std::collections::BTreeMap;
use std::net::{SocketAddr, UdpSocket};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

/// What there is at a name.
#[derive(Clone)]
pub(crate) enum Zone {
    /// An alias: the records are at another name.
    Alias(&'static str, Vec<Vec<String>>),
    /// The server fails.
    Broken,
    /// The server says nothing.
    Silent,
    /// TXT records, each in its strings.
    Txt(Vec<Vec<String>>),
}

/// A running server; its thread ends with the test program.
pub(crate) struct Dns {
    pub(crate) address: SocketAddr,
    zones: Arc<Mutex<BTreeMap<String, Zone>>>,
    asked: Arc<AtomicUsize>,
}

impl Dns {
    pub(crate) fn start() -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        let address = socket.local_addr().unwrap();
        let zones: Arc<Mutex<BTreeMap<String, Zone>>> = Arc::default();
        let asked = Arc::new(AtomicUsize::new(0));
        let (known, count) = (zones.clone(), asked.clone());
        std::thread::spawn(move || {
            let mut buffer = [0_u8; 4096];
            while let Ok((length, peer)) = socket.recv_from(&mut buffer) {
                let query = &buffer[..length];
                count.fetch_add(1, Ordering::SeqCst);
                let zone = known.lock().unwrap().get(&name(query)).cloned();
                if let Some(answer) = answer(query, zone) {
                    socket.send_to(&answer, peer).unwrap();
                }
            }
        });
        Self { address, zones, asked }
    }

    /// Says what is at a name from now on.
    pub(crate) fn set(&self, name: &str, zone: Zone) {
        self.zones.lock().unwrap().insert(name.to_owned(), zone);
    }

    /// Publishes one text.
    pub(crate) fn publish(&self, name: &str, text: &str) {
        self.set(name, Zone::Txt(vec![vec![text.to_owned()]]));
    }

    /// How often it was asked.
    pub(crate) fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}

/// The name that is asked for, in small letters.
fn name(query: &[u8]) -> String {
    let (mut at, mut labels) = (12, Vec::new());
    while query[at] != 0 {
        let end = at + 1 + usize::from(query[at]);
        labels.push(String::from_utf8_lossy(&query[at + 1..end]).to_lowercase());
        at = end;
    }
    labels.join(".")
}

fn wire(name: &str) -> Vec<u8> {
    let mut out = Vec::new();
    for label in name.split('.') {
        out.push(u8::try_from(label.len()).unwrap());
        out.extend_from_slice(label.as_bytes());
    }
    out.push(0);
    out
}

/// RFC 1035 section 4: the header, the question as it came, the answers.
fn answer(query: &[u8], zone: Option<Zone>) -> Option<Vec<u8>> {
    let question = &query[12..12 + query[12..].iter().position(|byte| *byte == 0).unwrap() + 5];
    let record = |owner: &[u8], kind: u16, data: &[u8]| {
        let length = u16::try_from(data.len()).unwrap();
        [owner, &kind.to_be_bytes(), &[0, 1, 0, 0, 0, 0], &length.to_be_bytes(), data].concat()
    };
    let txt = |owner: &[u8], strings: &Vec<String>| {
        let pieces = strings
            .iter()
            .flat_map(|text| [vec![u8::try_from(text.len()).unwrap()], text.clone().into_bytes()].concat());
        record(owner, 16, &pieces.collect::<Vec<u8>>())
    };
    // A pointer to the name in the question.
    let here = [0xc0, 12];
    let (code, answers): (u8, Vec<Vec<u8>>) = match zone {
        None => (3, Vec::new()),
        Some(Zone::Broken) => (2, Vec::new()),
        Some(Zone::Silent) => return None,
        Some(Zone::Txt(texts)) => (0, texts.iter().map(|strings| txt(&here, strings)).collect()),
        Some(Zone::Alias(to, texts)) => {
            let to = wire(to);
            let behind = texts.iter().map(|strings| txt(&to, strings));
            (0, std::iter::once(record(&here, 5, &to)).chain(behind).collect())
        }
    };
    let count = u16::try_from(answers.len()).unwrap().to_be_bytes();
    let header = [query[0], query[1], 0x81, 0x80 | code, 0, 1, count[0], count[1], 0, 0, 0, 0];
    Some([&header[..], question, &answers.concat()].concat())
}

//! Finds out which system packages are missing and installs them where that is possible.

use std::path::Path;
use std::process::{Command, Stdio};

use crate::step;

/// What the packages are wanted for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// To build, and to look at the pages in a real browser.
    Browser,
    /// To build the workspace with both signature engines.
    Build,
    /// All of them.
    Everything,
    /// To build, and what the programs of others need that we are tried against.
    Interop,
    /// To build and to test.
    Test,
}

/// What the machine can build after the set-up.
#[derive(Clone, Copy)]
pub(crate) struct Machine {
    /// libxmlsec1 and libclang are there, so the second signature engine can be built.
    pub(crate) xmlsec: bool,
    /// OpenSSL's headers are not there, so it is built from source.
    pub(crate) vendored_openssl: bool,
    /// PostgreSQL is there, so the tests that need it can run.
    pub(crate) postgres: bool,
}

impl Machine {
    /// The features to build the packages with, as cargo's `--features` takes them.
    pub(crate) fn features(self, packages: &[&str]) -> Vec<String> {
        let mut features = Vec::new();
        for package in packages {
            if self.xmlsec {
                features.push(format!("{package}/xmlsec"));
            }
            if self.vendored_openssl {
                features.push(format!("{package}/vendored-openssl"));
            }
        }
        features
    }
}

/// Installs what is missing for `purpose`, or says how to.
///
/// Where nothing can be installed the build goes on with the native signature engine alone; only when not even
/// that can be built is it an error.
pub(crate) fn ensure(purpose: Purpose) -> Result<Machine, String> {
    println!("== set-up: system packages");
    let missing: Vec<&Package> = missing(purpose);
    if missing.is_empty() {
        println!("-- ok: nothing is missing");
        return machine(purpose);
    }
    for package in &missing {
        println!("   missing: {:<16} {}", package.debian, package.why);
    }
    let names: Vec<&str> = missing.iter().map(|package| package.debian).collect();
    let line = format!("apt-get install --yes --no-install-recommends {}", names.join(" "));
    if !step::succeeds("apt-get", &["--version"]) {
        println!("   this is not a Debian machine; install what gives the same, on Debian it is:\n   {line}");
        return machine(purpose);
    }
    match privilege() {
        Some(prefix) => {
            // The list of packages of a fresh machine may be empty or old.
            apt(prefix, &["update", "-qq"]);
            let mut arguments = vec!["install", "--yes", "-qq", "--no-install-recommends"];
            arguments.extend(&names);
            apt(prefix, &arguments);
        }
        None => println!(
            "   neither root nor sudo without a password; run this, then start again:\n   sudo {line}"
        ),
    }
    machine(purpose)
}

/// The first package that is still not there, if any.
pub(crate) fn first_missing(purpose: Purpose) -> Option<&'static str> {
    missing(purpose).iter().find(|package| package.purposes.contains(&purpose)).map(|package| package.debian)
}

/// A system package, and how to see that what it gives is there.
struct Package {
    debian: &'static str,
    why: &'static str,
    purposes: &'static [Purpose],
    present: fn() -> bool,
}

const PACKAGES: &[Package] = &[
    Package {
        debian: "pkg-config",
        why: "finds the C libraries",
        purposes: &[Purpose::Build],
        present: || step::succeeds("pkg-config", &["--version"]),
    },
    Package {
        debian: "libssl-dev",
        why: "OpenSSL, for signatures and decryption",
        purposes: &[Purpose::Build],
        present: || step::succeeds("pkg-config", &["--exists", "openssl"]),
    },
    Package {
        debian: "libxmlsec1-dev",
        why: "the second signature engine",
        purposes: &[Purpose::Build],
        present: || {
            step::succeeds("xmlsec1-config", &["--version"])
                && step::succeeds("pkg-config", &["--exists", "xmlsec1"])
        },
    },
    Package {
        debian: "libclang-dev",
        why: "reads the headers of the second signature engine",
        purposes: &[Purpose::Build],
        present: has_libclang,
    },
    Package {
        // Installing it may also start a server of the system's own, which no test touches.
        debian: "postgresql",
        why: "tests of SQL start servers of their own",
        purposes: &[Purpose::Test],
        present: has_postgres,
    },
    Package {
        debian: "chromium",
        why: "a real browser clicks through the pages",
        purposes: &[Purpose::Browser],
        present: || step::succeeds("chromium", &["--version"]),
    },
    Package {
        debian: "fonts-liberation",
        why: "letters for the browser",
        purposes: &[Purpose::Browser],
        present: || Path::new("/usr/share/fonts/truetype").is_dir(),
    },
    Package {
        debian: "nodejs",
        why: "drives the browser, and identity providers of others",
        purposes: &[Purpose::Browser, Purpose::Interop],
        present: || step::succeeds("node", &["--version"]),
    },
    Package {
        debian: "npm",
        why: "installs what Node runs",
        purposes: &[Purpose::Browser, Purpose::Interop],
        present: || step::succeeds("npm", &["--version"]),
    },
    Package {
        debian: "xmlsec1",
        why: "pysaml2 signs with this program",
        purposes: &[Purpose::Interop],
        present: || step::succeeds("xmlsec1", &["--version"]),
    },
    Package {
        debian: "python3-venv",
        why: "an environment for the Python peers",
        purposes: &[Purpose::Interop],
        present: || step::succeeds("python3", &["-c", "import venv, ensurepip"]),
    },
];

fn missing(purpose: Purpose) -> Vec<&'static Package> {
    let wanted = |package: &&Package| {
        purpose == Purpose::Everything
            || package.purposes.iter().any(|wanted| [Purpose::Build, purpose].contains(wanted))
    };
    PACKAGES.iter().filter(wanted).filter(|package| !(package.present)()).collect()
}

fn machine(purpose: Purpose) -> Result<Machine, String> {
    let lacks = |name: &str| missing(purpose).iter().any(|package| package.debian == name);
    let mut xmlsec = !["pkg-config", "libssl-dev", "libxmlsec1-dev", "libclang-dev"].into_iter().any(lacks);
    if let Some(version) = step::output("pkg-config", &["--modversion", "xmlsec1"]).filter(|_| xmlsec)
        && !version.starts_with("1.2.")
    {
        println!("   libxmlsec1 is {version}; its Rust bindings compile against 1.2 only");
        xmlsec = false;
    }
    let vendored_openssl = lacks("pkg-config") || lacks("libssl-dev");
    if vendored_openssl {
        let tools = ["make", "perl"].iter().all(|tool| step::succeeds(tool, &["--version"]));
        if !tools {
            return Err(
                "OpenSSL is missing: install pkg-config and libssl-dev (or make and perl, to build it)"
                    .into(),
            );
        }
        println!("   OpenSSL's headers are missing: it is built from source, which takes some minutes");
    }
    if !xmlsec {
        println!("   going on with the native signature engine alone");
    }
    let postgres = has_postgres();
    if !postgres && purpose == Purpose::Test {
        println!("   going on without the tests that need PostgreSQL");
    }
    Ok(Machine { xmlsec, vendored_openssl, postgres })
}

/// What to put before a command to run it as root.
fn privilege() -> Option<&'static [&'static str]> {
    if step::output("id", &["-u"]).as_deref() == Some("0") {
        return Some(&[]);
    }
    const SUDO: &[&str] = &["sudo", "-n"];
    step::succeeds("sudo", &["-n", "true"]).then_some(SUDO)
}

/// Runs apt-get; a failure shows in what is still missing afterwards.
fn apt(prefix: &[&str], arguments: &[&str]) {
    let line: Vec<&str> =
        prefix.iter().copied().chain(["apt-get"]).chain(arguments.iter().copied()).collect();
    println!("   {}", line.join(" "));
    let Some((program, rest)) = line.split_first() else { return };
    let status = Command::new(program)
        .args(rest)
        .env("DEBIAN_FRONTEND", "noninteractive")
        .stdin(Stdio::null())
        .status();
    if !status.is_ok_and(|status| status.success()) {
        println!("   that failed");
    }
}

/// Debian keeps the server's programs out of the search path, in a folder for each version.
fn has_postgres() -> bool {
    let holds = |folder: &Path| folder.join("initdb").is_file() && folder.join("postgres").is_file();
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut folders = versions.map(|entry| entry.path().join("bin")).chain(std::env::split_paths(&path));
    folders.any(|folder| holds(&folder))
}

/// libclang lies where no search path of the linker leads: bindgen looks in these places too.
fn has_libclang() -> bool {
    if std::env::var_os("LIBCLANG_PATH").is_some() {
        return true;
    }
    let holds = |folder: &Path| {
        std::fs::read_dir(folder).is_ok_and(|entries| {
            entries.flatten().any(|entry| {
                let name = entry.file_name();
                let name = name.to_string_lossy();
                name.starts_with("libclang.so") || name.starts_with("libclang-") && name.contains(".so")
            })
        })
    };
    // The compiler's own headers (stddef.h) come with the same package; without them the bindings cannot be made.
    let headers =
        |llvm: &Path| std::fs::read_dir(llvm.join("lib/clang")).is_ok_and(|mut found| found.next().is_some());
    std::fs::read_dir("/usr/lib").is_ok_and(|entries| {
        entries.flatten().any(|entry| {
            entry.file_name().to_string_lossy().starts_with("llvm-")
                && holds(&entry.path().join("lib"))
                && headers(&entry.path())
        })
    }) || holds(Path::new("/usr/lib64"))
}

//! A server process for the measurement, on a database that is made for it.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use example_server::client::Client;
use example_server::config::Database;
use testkit::postgres::Postgres;

/// The process and its database; both go away with it, but for a database that was given by URL.
pub(crate) struct Server {
    child: Child,
    program: PathBuf,
    folder: PathBuf,
    url: String,
    database: String,
    _postgres: Option<Postgres>,
}

impl Server {
    pub(crate) fn start(database: &str, program: Option<&str>) -> Self {
        let program = program.map_or_else(beside, PathBuf::from);
        assert!(program.exists(), "{} is missing: cargo build -p example-server", program.display());
        let folder = std::env::temp_dir().join(format!("scim-load-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let mut postgres = None;
        let database = match database {
            "sqlite" => format!("sqlite:{}", folder.join("server.sqlite").display()),
            "postgres" => {
                postgres = Postgres::start();
                postgres.as_ref().unwrap_or_else(|| panic!("TEST_POSTGRES is off")).url("postgres")
            }
            url => url.to_owned(),
        };
        std::fs::write(folder.join("database"), &database).unwrap();
        let mut child = Command::new(&program)
            .args(["serve", "--listen", "127.0.0.1:0", "--requests-per-second", "1000000"])
            .args(places(&folder))
            .current_dir(&folder)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let url = line.trim().strip_prefix("listening on ").unwrap_or_else(|| panic!("no address: {line:?}"));
        Self { url: url.to_owned(), child, program, folder, database, _postgres: postgres }
    }

    pub(crate) fn database(&self) -> Database {
        self.database.parse().unwrap()
    }

    pub(crate) fn key_file(&self) -> PathBuf {
        self.folder.join("key")
    }

    pub(crate) fn client(&self, token: &str) -> Client {
        Client::new(&self.url).with_token(token)
    }

    /// Makes a tenant; its token.
    pub(crate) fn tenant(&self, id: &str) -> String {
        self.command(&["tenant", "create", "--id", id]);
        self.command(&["token", "issue", "--tenant", id])
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> String {
        let done = Command::new(&self.program)
            .args(arguments)
            .args(places(&self.folder))
            .current_dir(&self.folder)
            .output()
            .unwrap();
        assert!(done.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&done.stderr));
        String::from_utf8(done.stdout).unwrap().trim_end().to_owned()
    }

    /// Resident memory in kB; 0 where the system does not say.
    pub(crate) fn memory(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or_default();
        line.trim().trim_end_matches(" kB").parse().unwrap_or_default()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Errors mean that it ended already, or that somebody cleaned up before.
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

fn places(folder: &Path) -> [String; 4] {
    let [database, key] = ["database", "key"].map(|name| folder.join(name).display().to_string());
    ["--database-file".to_owned(), database, "--key-file".to_owned(), key]
}

/// `target/release/examples/scim_load` has `target/release/server` beside its folder.
fn beside() -> PathBuf {
    let own = std::env::current_exe().unwrap();
    own.ancestors().nth(2).unwrap().join("server")
}

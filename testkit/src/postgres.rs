//! A PostgreSQL server for one test: started in a folder of its own, gone afterwards.
//!
//! Debian's package `postgresql` is used as installed (`cargo xtask setup` does that). Its `initdb` refuses to work
//! for root, so root hands the server to the user `postgres`, or to `nobody`.

use std::collections::hash_map::RandomState;
use std::fs;
use std::hash::{BuildHasher, Hasher};
use std::io;
use std::net::TcpListener;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::Duration;

/// A running server. Dropping it ends the server and deletes its data; so does the end of the test's process,
/// however that comes (only an empty folder may stay).
#[derive(Debug)]
pub struct Postgres {
    /// A shell that waits for its standard input to close, and then ends the server.
    guard: Child,
    place: Place,
    programs: PathBuf,
    port: u16,
    password: String,
}

impl Postgres {
    /// Starts an empty server; `None` where the environment says `TEST_POSTGRES=off`.
    ///
    /// `cargo xtask test` sets that where the package is missing and cannot be installed, and says so. On a build
    /// machine (`CI` set) it counts for nothing.
    ///
    /// # Panics
    /// When there is no PostgreSQL, or it does not start within 30 seconds.
    pub fn start() -> Option<Postgres> {
        let is_off = std::env::var_os("TEST_POSTGRES").is_some_and(|value| value == "off");
        if is_off && std::env::var_os("CI").is_none() {
            return None;
        }
        let Some(programs) = programs() else {
            panic!(
                "PostgreSQL is missing: `cargo xtask setup` installs it (Debian's package postgresql); \
                 TEST_POSTGRES=off leaves out the tests that need it"
            );
        };
        let place = Place::make();
        let password = random_word();
        place.initialize(&programs, &password);
        // Between the choice of a port and its use another program may take it.
        for _ in 0..PORTS {
            if let Some(server) = place.serve(&programs, &password) {
                return Some(server);
            }
        }
        panic!("no port could be had for PostgreSQL:\n{}", place.log());
    }

    /// Ends the server and keeps its data: what a test of a lost database does.
    ///
    /// # Panics
    /// When the folder cannot be written to.
    pub fn stop(&mut self) {
        fs::write(self.place.folder.join(KEEP), "").expect("the folder is ours");
        drop(self.guard.stdin.take());
        self.guard.wait().expect("the guard ends when the server has");
    }

    /// Starts the server on the same data and port again.
    ///
    /// # Panics
    /// When it does not start within 30 seconds.
    pub fn start_again(&mut self) {
        self.guard = self.place.guard(&self.programs, self.port);
        assert!(self.place.is_ready(), "the port was taken meanwhile:\n{}", self.place.log());
        fs::remove_file(self.place.folder.join(KEEP)).expect("the file was made");
    }

    /// The address of a database for a client: `postgres` is there from the start, more come with `CREATE DATABASE`.
    pub fn url(&self, database: &str) -> String {
        format!("postgres://{USER}:{}@127.0.0.1:{}/{database}", self.password, self.port)
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        drop(self.guard.stdin.take());
        // The guard ends when the server has; a panic here would hide why the test failed.
        let _ = self.guard.wait();
        // Fails if the folder is kept for another try. Its parent may be root's, so the guard cannot do it.
        let _ = fs::remove_dir(&self.place.folder);
    }
}

/// Where `initdb` and `postgres` are: the newest version in Debian's folder, else on the search path.
pub fn programs() -> Option<PathBuf> {
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let debian = versions.filter_map(|entry| {
        let version: u32 = entry.file_name().to_str()?.parse().ok()?;
        Some((version, entry.path().join("bin")))
    });
    let mut found: Vec<(u32, PathBuf)> = debian.collect();
    found.sort();
    let path = std::env::var_os("PATH").unwrap_or_default();
    found
        .into_iter()
        .rev()
        .map(|(_, folder)| folder)
        .chain(std::env::split_paths(&path))
        .find(|folder| folder.join("initdb").is_file() && folder.join("postgres").is_file())
}

/// A folder that the server owns, and whom it runs as.
#[derive(Clone, Debug)]
struct Place {
    folder: PathBuf,
    /// User and group to become, if this process is root's.
    other: Option<(u32, u32)>,
}

impl Place {
    /// Makes the folder beside what cargo builds, or among the system's temporary files where the server's user
    /// cannot enter the former.
    fn make() -> Place {
        let program = std::env::current_exe().expect("this program has a path");
        let build = program.ancestors().nth(3).map(|folder| folder.join("tmp"));
        let candidates = build.into_iter().chain([std::env::temp_dir()]);
        for parent in candidates {
            remove_leftovers(&parent);
            let folder = parent.join(format!("postgres-{}", random_word()));
            if fs::create_dir_all(&folder).is_err() {
                continue;
            }
            let place = Place::new(folder);
            if place.is_usable() {
                return place;
            }
            let _ = fs::remove_dir_all(&place.folder);
        }
        panic!("there is no folder that PostgreSQL's user could write to");
    }

    fn new(folder: PathBuf) -> Place {
        let made = fs::metadata(&folder).expect("the folder was made");
        let other = (made.uid() == 0).then(unprivileged);
        if let Some((user, group)) = other {
            chown(&folder, Some(user), Some(group)).expect("root may give a folder away");
        }
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o700)).expect("the folder is ours");
        Place { folder, other }
    }

    fn is_usable(&self) -> bool {
        let mut command = self.command(Path::new("/bin/sh"));
        command.args(["-c", ": >usable"]).stderr(Stdio::null());
        command.status().is_ok_and(|status| status.success())
    }

    /// A command in the folder, as the server's user, with nothing of this process's environment.
    fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command.current_dir(&self.folder).env_clear().env("LC_ALL", "C").env("PATH", "/usr/bin:/bin");
        command.stdin(Stdio::null()).stdout(Stdio::null());
        if let Some((user, group)) = self.other {
            command.uid(user).gid(group);
        }
        command
    }

    fn initialize(&self, programs: &Path, password: &str) {
        let secret = self.folder.join("password");
        fs::write(&secret, password).expect("the folder is ours");
        if let Some((user, group)) = self.other {
            chown(&secret, Some(user), Some(group)).expect("root may give a file away");
        }
        let mut initdb = self.command(&programs.join("initdb"));
        initdb.args(["--pgdata", "data", "--username", USER, "--pwfile", "password"]);
        initdb.args(["--auth", "scram-sha-256", "--encoding", "UTF8", "--locale", "C", "--no-sync"]);
        let output = initdb.stderr(Stdio::piped()).output().expect("initdb can be run");
        let message = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "initdb: {message}");
    }

    /// Starts the server on a free port; `None` if the port was taken meanwhile.
    fn serve(&self, programs: &Path, password: &str) -> Option<Postgres> {
        let port = free_port().expect("a port of the loopback address");
        let server = Postgres {
            guard: self.guard(programs, port),
            place: self.clone(),
            programs: programs.to_owned(),
            port,
            password: password.to_owned(),
        };
        if self.is_ready() {
            return Some(server);
        }
        // The guard deletes the data at its end, and the next try needs them.
        fs::write(self.folder.join(KEEP), "").expect("the folder is ours");
        drop(server);
        fs::remove_file(self.folder.join(KEEP)).expect("the file was made");
        None
    }

    /// Starts the server below its guard.
    fn guard(&self, programs: &Path, port: u16) -> Child {
        let log = fs::File::create(self.folder.join("log")).expect("the folder is ours");
        let mut guard = self.command(Path::new("/bin/sh"));
        guard.args(["-c", GUARD, "guard"]).arg(programs.join("postgres"));
        guard.args(["-D", "data", "-p", &port.to_string(), "-h", "127.0.0.1", "-k", ""]);
        // What a crash of the machine would lose is of no interest.
        for setting in ["fsync=off", "full_page_writes=off", "synchronous_commit=off", "max_connections=300"]
        {
            guard.args(["-c", setting]);
        }
        guard.stdin(Stdio::piped()).stderr(log);
        guard.spawn().expect("a shell can be run")
    }

    /// Waits until the server takes connections; false if its port is taken.
    fn is_ready(&self) -> bool {
        for _ in 0..LOOKS {
            let log = self.log();
            if log.contains("ready to accept connections") {
                return true;
            }
            if log.contains("could not create any TCP/IP sockets") {
                return false;
            }
            // A client that comes too early is turned away with such a word too.
            let failed = log.lines().any(|line| line.contains("FATAL:") && !line.contains("is starting up"));
            assert!(!failed, "PostgreSQL did not start:\n{log}");
            sleep(PAUSE);
        }
        panic!("PostgreSQL did not start in time:\n{}", self.log());
    }

    fn log(&self) -> String {
        fs::read_to_string(self.folder.join("log")).unwrap_or_default()
    }
}

/// Removes the empty folders that servers of test programs without a proper end left behind.
fn remove_leftovers(parent: &Path) {
    for entry in fs::read_dir(parent).into_iter().flatten().flatten() {
        let is_ours = entry.file_name().to_str().is_some_and(|name| name.starts_with("postgres-"));
        // One that was made just now may still be filled.
        let age = entry.metadata().and_then(|data| data.modified()).ok().and_then(|at| at.elapsed().ok());
        if is_ours && age.is_some_and(|age| age > LEFT_OVER) {
            // Fails where a server still has its data.
            let _ = fs::remove_dir(entry.path());
        }
    }
}

/// User and group for a server that root starts.
fn unprivileged() -> (u32, u32) {
    let users = fs::read_to_string("/etc/passwd").unwrap_or_default();
    let find = |name: &str| {
        users.lines().find_map(|line| {
            let mut fields = line.split(':');
            let is_it = fields.next() == Some(name);
            let user = fields.nth(1)?.parse().ok()?;
            let group = fields.next()?.parse().ok()?;
            is_it.then_some((user, group))
        })
    };
    find("postgres").or_else(|| find("nobody")).expect("the system has a user without rights")
}

fn free_port() -> io::Result<u16> {
    TcpListener::bind(("127.0.0.1", 0))?.local_addr().map(|address| address.port())
}

/// 32 hexadecimal digits that nobody guesses.
fn random_word() -> String {
    let number = || RandomState::new().build_hasher().finish();
    format!("{:016x}{:016x}", number(), number())
}

/// Runs the server until standard input closes: when the test drops its end, or ends in whatever way. The server runs
/// below a shell that ignores the terminal's interrupt, so that its data goes in any case.
const GUARD: &str = r#"trap '' INT
"$@" & server=$!
read -r _
kill -INT "$server" 2>/dev/null
wait "$server"
[ -e keep ] || rm -rf data log password usable"#;

/// The guard leaves the data where it is as long as there is a file of this name.
const KEEP: &str = "keep";
const USER: &str = "test";
const LEFT_OVER: Duration = Duration::from_secs(600);
const PORTS: usize = 5;
/// Half a minute altogether: a machine under load takes some seconds.
const LOOKS: usize = 1500;
const PAUSE: Duration = Duration::from_millis(20);

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Read, Write};
    use std::net::TcpStream;

    #[test]
    fn starts_on_its_own_and_leaves_nothing_behind() {
        let Some(mut server) = Postgres::start() else { return };
        let port = server.port;
        // A request for encryption is answered with one letter, whatever the answer.
        let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
        stream.write_all(&[0, 0, 0, 8, 4, 210, 22, 47]).unwrap();
        let mut answer = [0];
        stream.read_exact(&mut answer).unwrap();
        assert!(matches!(answer, [b'N' | b'S']));
        let folder = server.place.folder.clone();
        assert!(folder.join("data").is_dir());
        server.stop();
        assert!(TcpStream::connect(("127.0.0.1", port)).is_err());
        server.start_again();
        assert!(TcpStream::connect(("127.0.0.1", port)).is_ok());
        drop(server);
        assert!(TcpStream::connect(("127.0.0.1", port)).is_err());
        assert!(!folder.exists());
    }
}

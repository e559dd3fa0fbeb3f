//! A running server for a test: on a port and a database of its own, ended by the test that started it.
#![allow(dead_code, clippy::allow_attributes, reason = "each test program uses a part of this")]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::expect_used,
    reason = "a test that cannot go on must fail"
)]
#![allow(clippy::indexing_slicing, reason = "JSON answers null where there is nothing")]

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use example_server::client::{Client, Reply};
use example_server::config::Database;
use example_server::store::{Store, Tx, tenants};
use serde_json::{Value, json};
use sqlx::Row as _;
use tenant_model::{ConnectionId, SamlConnection, ScimConnection, ScimToken, TenantId};

use crate::cluster::Cluster;

/// Whether this program tests on PostgreSQL: its name tells, its files are the same.
pub(crate) const ON_POSTGRES: bool =
    matches!(env!("CARGO_CRATE_NAME").as_bytes(), b"http_on_postgres" | b"products_on_postgres");

/// A folder and a database that go away with the test.
pub(crate) struct Folder {
    path: PathBuf,
    database: String,
    /// Its name among the databases of the program's PostgreSQL server.
    of_cluster: Option<String>,
}

impl Folder {
    pub(crate) fn new() -> Self {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let mut folder = Self::without_database();
        folder.database = if ON_POSTGRES {
            folder.of_cluster = Some(format!("test_{number}"));
            Cluster::shared().make(&format!("test_{number}"))
        } else {
            format!("sqlite:{}", folder.path.join("server.sqlite").display())
        };
        folder
    }

    fn without_database() -> Self {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("example-server-{}-{number}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self { path, database: String::new(), of_cluster: None }
    }

    /// On a database that somebody else made and removes.
    pub(crate) fn on(database: String) -> Self {
        let mut folder = Self::without_database();
        folder.database = database;
        folder
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn database(&self) -> &str {
        &self.database
    }

    /// Names the database to a command: with a password in its URL by a file.
    pub(crate) fn option(&self) -> [String; 2] {
        if !ON_POSTGRES {
            return ["--database".to_owned(), self.database.clone()];
        }
        let file = self.path.join("database-url");
        std::fs::write(&file, &self.database).unwrap();
        ["--database-file".to_owned(), file.display().to_string()]
    }

    /// Where a server that is not told otherwise keeps its key.
    pub(crate) fn key_file(&self) -> PathBuf {
        self.path.join(if ON_POSTGRES { "server.key" } else { "server.sqlite.key" })
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What is left behind in the temporary folder harms nobody.
        let _ = std::fs::remove_dir_all(&self.path);
        if let Some(name) = &self.of_cluster {
            Cluster::shared().remove(name);
        }
    }
}

/// A running server.
pub(crate) struct Server {
    child: Child,
    pub(crate) folder: Arc<Folder>,
    pub(crate) url: String,
    log: PathBuf,
}

impl Server {
    /// Starts on a fresh database.
    pub(crate) fn start() -> Self {
        Self::start_in(Folder::new(), &[])
    }

    /// Starts on a fresh database with further options.
    pub(crate) fn start_with(options: &[&str]) -> Self {
        Self::start_in(Folder::new(), options)
    }

    /// Starts a second process on the same database, with the same key.
    pub(crate) fn start_beside(&self, options: &[&str]) -> Self {
        Self::start_in(self.folder.clone(), options)
    }

    /// Starts on the database of a folder.
    pub(crate) fn start_in(folder: impl Into<Arc<Folder>>, options: &[&str]) -> Self {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let folder = folder.into();
        let log = folder.path().join(format!("log-{}", COUNT.fetch_add(1, Ordering::Relaxed)));
        let mut child = Command::new(BINARY)
            .args(["serve", "--listen", "127.0.0.1:0"])
            .args(folder.option())
            .args(options)
            .current_dir(folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(std::fs::File::create(&log).unwrap())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let url = line.trim().strip_prefix("listening on ").unwrap_or_else(|| panic!("no address: {line:?}"));
        Self { url: url.to_owned(), child, folder, log }
    }

    /// Ends the process at once, as a power cut would; gives the folder back.
    pub(crate) fn kill(mut self) -> Arc<Folder> {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        self.folder.clone()
    }

    /// Asks the process to end, and gives its exit code.
    pub(crate) fn terminate(&mut self) -> Option<i32> {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
        self.child.wait().unwrap().code()
    }

    /// The id of the process.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Waits for the process to end, and gives its exit code.
    pub(crate) fn wait(&mut self) -> Option<i32> {
        self.child.wait().unwrap().code()
    }

    /// What the process has logged since it started.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap()
    }

    pub(crate) fn client(&self) -> Client {
        Client::new(&self.url)
    }

    /// A tenant and a SCIM client with a token for it.
    pub(crate) fn directory(&self, tenant: &str, profile: &str) -> Client {
        self.command(&["tenant", "create", "--id", tenant, "--profile", profile]);
        self.client().with_token(&self.command(&["token", "issue", "--tenant", tenant]))
    }

    /// Starts with a folder that holds one further profile.
    pub(crate) fn start_with_profile(profile: &str) -> Self {
        let folder = Folder::new();
        let profiles = folder.path().join("profiles");
        std::fs::create_dir(&profiles).unwrap();
        std::fs::write(profiles.join("further.json"), profile).unwrap();
        Self::start_in(folder, &["--profiles", profiles.to_str().unwrap()])
    }

    /// A tenant of a profile that is in the server's folder, and a SCIM client with a token for it.
    pub(crate) fn directory_of(&self, tenant: &str, profile: &str) -> Client {
        let profiles = self.folder.path().join("profiles");
        let profiles = ["--profiles", profiles.to_str().unwrap()];
        self.command(&[&["tenant", "create", "--id", tenant, "--profile", profile][..], &profiles].concat());
        self.client()
            .with_token(&self.command(&[&["token", "issue", "--tenant", tenant][..], &profiles].concat()))
    }

    /// Changes the directory connection of a tenant behind the server's back.
    pub(crate) fn edit_connection(&self, tenant: &str, change: impl FnOnce(&mut ScimConnection)) {
        let tenant = TenantId::parse(tenant).unwrap();
        self.in_database(async |tx| {
            let id = ConnectionId::parse("scim").unwrap();
            let mut connection = tenants::scim(tx, &tenant, &id).await.unwrap().unwrap();
            change(&mut connection);
            tenants::put_scim(tx, &connection).await.unwrap();
        });
    }

    /// Changes the login connection of a tenant behind the server's back.
    pub(crate) fn edit_saml(&self, tenant: &str, change: impl FnOnce(&mut SamlConnection)) {
        let tenant = TenantId::parse(tenant).unwrap();
        self.in_database(async |tx| {
            let id = ConnectionId::parse("sso").unwrap();
            let mut stored = tenants::saml(tx, &tenant, &id).await.unwrap().unwrap();
            change(&mut stored.connection);
            tenants::put_saml(tx, &stored).await.unwrap();
        });
    }

    /// Changes the access tokens of a tenant's OAuth clients behind the server's back.
    pub(crate) fn edit_access_tokens(&self, tenant: &str, change: impl Fn(&mut ScimToken)) {
        self.in_database(async |tx| {
            let rows = sqlx::query("SELECT token_id, body FROM oauth_tokens WHERE tenant_id = $1")
                .bind(tenant.to_owned());
            for row in rows.fetch_all(&mut **tx).await.unwrap() {
                let mut token: ScimToken = serde_json::from_str(&row.get::<String, _>("body")).unwrap();
                change(&mut token);
                sqlx::query("UPDATE oauth_tokens SET body = $1 WHERE tenant_id = $2 AND token_id = $3")
                    .bind(serde_json::to_string(&token).unwrap())
                    .bind(tenant.to_owned())
                    .bind(row.get::<String, _>("token_id"))
                    .execute(&mut **tx)
                    .await
                    .unwrap();
            }
        });
    }

    /// Runs a statement of this test behind the server's back.
    pub(crate) fn execute(&self, sql: &'static str) {
        self.in_database(async |tx| {
            sqlx::query(sql).execute(&mut **tx).await.unwrap();
        });
    }

    pub(crate) fn in_database(&self, work: impl AsyncFnOnce(&mut Tx)) {
        let database: Database = self.folder.database().parse().unwrap();
        tokio::runtime::Runtime::new().unwrap().block_on(async {
            let store = Store::open(&database).await.unwrap();
            let mut tx = store.begin_unlocked().await.unwrap();
            work(&mut tx).await;
            tx.commit().await.unwrap();
            store.close().await;
        });
    }

    /// Runs a command beside the running server; its standard output.
    pub(crate) fn command(&self, arguments: &[&str]) -> String {
        command(&self.folder, arguments)
    }

    pub(crate) fn try_command(&self, arguments: &[&str]) -> Output {
        try_command(&self.folder, arguments)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // An error means that it ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub(crate) fn command(folder: &Folder, arguments: &[&str]) -> String {
    let done = try_command(folder, arguments);
    assert!(done.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&done.stderr));
    String::from_utf8(done.stdout).unwrap().trim_end().to_owned()
}

pub(crate) fn try_command(folder: &Folder, arguments: &[&str]) -> Output {
    Command::new(BINARY)
        .args(arguments)
        .args(folder.option())
        .current_dir(folder.path())
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

/// Checks the status and gives the body as JSON.
pub(crate) fn expect(reply: &Reply, status: u16) -> Value {
    assert_eq!(reply.status, status, "{}", reply.body);
    reply.json()
}

/// Checks that an answer is an error in SCIM's form.
pub(crate) fn expect_scim_error(reply: &Reply, status: u16, scim_type: Option<&str>) {
    let body = expect(reply, status);
    assert_eq!(reply.header("content-type"), Some("application/scim+json"));
    assert_eq!(body["schemas"], json!(["urn:ietf:params:scim:api:messages:2.0:Error"]));
    assert_eq!(body["status"], json!(status.to_string()), "a string (M18)");
    assert_eq!(body["scimType"].as_str(), scim_type, "{body}");
    assert!(body["detail"].as_str().is_some_and(|detail| !detail.is_empty()));
}

pub(crate) fn user(name: &str) -> Value {
    json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
        "userName": name,
        "emails": [{ "value": name, "type": "work", "primary": true }],
    })
}

pub(crate) fn group(name: &str, members: &[&str]) -> Value {
    let members: Vec<Value> = members.iter().map(|id| json!({ "value": id })).collect();
    json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"],
        "displayName": name,
        "members": members,
    })
}

pub(crate) fn patch(operations: &Value) -> Value {
    json!({ "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": operations })
}

/// Creates a resource and gives its id.
pub(crate) fn create(directory: &mut Client, path: &str, body: &Value) -> String {
    let reply = directory.scim("POST", path, Some(body)).unwrap();
    expect(&reply, 201)["id"].as_str().unwrap().to_owned()
}

const BINARY: &str = env!("CARGO_BIN_EXE_server");

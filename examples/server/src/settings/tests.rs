use super::*;
use crate::cli::{Command as Cmd, LogFormat, Serve, Tenant};
use crate::config::Database;

/// A file with settings, removed with the test.
struct File(PathBuf);

impl File {
    fn new(name: &str, text: &str) -> Self {
        let path = std::env::temp_dir().join(format!("settings-{}-{name}.toml", std::process::id()));
        std::fs::write(&path, text).unwrap();
        Self(path)
    }
}

impl Drop for File {
    fn drop(&mut self) {
        // What is left behind in the temporary folder harms nobody.
        let _ = std::fs::remove_file(&self.0);
    }
}

fn read_with(arguments: &[&str], environment: &[(&str, &str)]) -> Result<Cli, SettingsError> {
    let arguments: Vec<OsString> = ["server"].iter().chain(arguments).map(OsString::from).collect();
    read(&arguments, |name| {
        environment.iter().find(|(known, _)| *known == name).map(|(_, value)| OsString::from(value))
    })
}

fn serve(arguments: &[&str], environment: &[(&str, &str)]) -> Serve {
    match read_with(arguments, environment).unwrap().command {
        Cmd::Serve(serve) => serve,
        other => panic!("{other:?}"),
    }
}

fn refused(text: &str) -> String {
    let file = File::new(&text.len().to_string(), text);
    let path = file.0.to_str().unwrap();
    let error = read_with(&["serve", "--config", path], &[]).unwrap_err().to_string();
    assert!(error.starts_with(path), "{error}");
    error.strip_prefix(path).unwrap().to_owned()
}

#[test]
fn an_option_outranks_the_environment_which_outranks_the_file() {
    let file = File::new(
        "ranks",
        "listen = \"127.0.0.1:1\"\npublic-url = \"https://file.example\"\nlog = \"json\"\nsecure-cookies = true\n\
         requests-per-second = 30\n",
    );
    let path = file.0.to_str().unwrap();
    let environment = [("SERVER_LISTEN", "127.0.0.1:2"), ("SERVER_PUBLIC_URL", "https://env.example")];
    let options = serve(&["serve", "--config", path, "--listen", "127.0.0.1:3"], &environment);
    assert_eq!(options.listen.port(), 3);
    assert_eq!(options.public_url.unwrap().as_str(), "https://env.example");
    assert_eq!(options.log.format, LogFormat::Json);
    assert!(options.secure_cookies);
    assert_eq!(options.requests_per_second.to_string(), "30");
    let options = serve(&["serve"], &[("SERVER_CONFIG", path), ("SERVER_SECURE_COOKIES", "false")]);
    assert_eq!(options.listen.port(), 1);
    assert!(!options.secure_cookies);
}

#[test]
fn one_file_serves_commands_that_take_less_of_it() {
    let file = File::new("less", "listen = \"127.0.0.1:1\"\ndatabase = \"sqlite:of-the-file\"\n");
    let path = file.0.to_str().unwrap();
    let cli = read_with(&["tenant", "list", "--config", path], &[]).unwrap();
    let Cmd::Tenant(Tenant::List { data }) = cli.command else { panic!("{cli:?}") };
    assert_eq!(data.database(), "sqlite:of-the-file".parse::<Database>());
}

#[test]
fn the_demo_heeds_neither_file_nor_environment() {
    let environment = [("SERVER_DATABASE", "sqlite:precious"), ("SERVER_CONFIG", "/nowhere")];
    let cli = read_with(&["demo", "--reset"], &environment).unwrap();
    let Cmd::Demo(demo) = cli.command else { panic!("{cli:?}") };
    assert_eq!(demo.database, "sqlite:demo.sqlite".parse::<Database>().unwrap());
}

#[test]
fn a_mistake_in_the_file_is_told_with_line_and_key() {
    let unknown = refused("# our server\nlisten = \"127.0.0.1:1\"\nlistn = \"x\"\n");
    assert!(unknown.starts_with(", line 3: there is no setting `listn`; there are listen, "), "{unknown}");
    let value = refused("\nrequests-per-second = 3\n");
    assert!(value.starts_with(", line 2, key `requests-per-second`: "), "{value}");
    let shape = refused("secure-cookies = \"yes\"\n");
    assert_eq!(shape, ", line 1, key `secure-cookies`: expected true or false");
    let choice = refused("log = \"xml\"\n");
    assert_eq!(choice, ", line 1, key `log`: expected one of text, json");
    let table = refused("[listen]\nport = 1\n");
    assert_eq!(table, ", line 1, key `listen`: expected a string or a whole number");
    let syntax = refused("listen = \"127.0.0.1:1\"\nlog = json\n");
    assert!(syntax.starts_with(", line 2: "), "{syntax}");
    let twice = refused("log = \"json\"\nlog = \"text\"\n");
    assert!(twice.starts_with(", line 2: "), "{twice}");
}

#[test]
fn a_mistake_in_the_environment_names_the_variable_and_not_the_value() {
    let environment = [("SERVER_SECURE_COOKIES", "hunter2")];
    let error = read_with(&["serve"], &environment).unwrap_err().to_string();
    assert_eq!(error, "environment variable SERVER_SECURE_COOKIES: expected true or false");
}

#[test]
fn a_file_that_is_not_there_is_said_and_nothing_starts() {
    let error = read_with(&["serve", "--config", "/nowhere/server.toml"], &[]).unwrap_err().to_string();
    assert!(error.starts_with("/nowhere/server.toml: "), "{error}");
}

#[test]
fn a_password_is_taken_from_a_file_of_its_own_alone_and_never_repeated() {
    const SECRET: &str = "postgres://sso:hunter2@localhost/sso";
    let file = File::new("openly", &format!("database = \"{SECRET}\"\n"));
    let path = file.0.to_str().unwrap();
    let by_option = read_with(&["serve", "--database", SECRET], &[]).unwrap_err();
    let by_variable = read_with(&["serve"], &[("SERVER_DATABASE", SECRET)]).unwrap_err();
    let by_file = read_with(&["serve", "--config", path], &[]).unwrap_err();
    for error in [by_option, by_variable, by_file] {
        let said = error.to_string();
        assert!(said.contains("--database-file") && !said.contains("hunter2"), "{said}");
    }
    let alone = File::new("alone", SECRET);
    let path = alone.0.to_str().unwrap();
    let options = serve(&["serve"], &[("SERVER_DATABASE_FILE", path)]);
    assert_eq!(options.data.database(), SECRET.parse::<Database>());
    assert!(!format!("{options:?}{:?}", options.data.database()).contains("hunter2"));
    // What is named nearer outranks it, in whichever of the two ways.
    let options = serve(&["serve", "--database", "sqlite:x"], &[("SERVER_DATABASE_FILE", path)]);
    assert_eq!(options.data.database(), "sqlite:x".parse::<Database>());
    let wrong = File::new("wrong", "hunter2");
    let options = serve(&["serve", "--database-file", wrong.0.to_str().unwrap()], &[]);
    let said = options.data.database().unwrap_err().to_string();
    assert!(said.contains("names no database") && !said.contains("hunter2"), "{said}");
}

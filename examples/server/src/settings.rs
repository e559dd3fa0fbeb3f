//! Settings from the command line, the environment and a file, in that order of precedence.
//!
//! Each setting has one name: the option `--public-url` is `SERVER_PUBLIC_URL` in the environment and `public-url` in
//! the file. What a command does not take is checked all the same and not used, so that one file serves all commands.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use clap::error::{ContextKind, ErrorKind};
use clap::parser::ValueSource;
use clap::{Arg, ArgAction, ArgMatches, Command, CommandFactory as _, FromArgMatches as _};
use toml::de::{DeTable, DeValue};

use crate::cli::Cli;

/// Reads the command line, with the environment and the file filling in what it leaves open.
///
/// # Errors
/// [`SettingsError`]; a call for help is one too, as [`SettingsError::Usage`].
pub fn read(
    arguments: &[OsString],
    environment: impl Fn(&str) -> Option<OsString>,
) -> Result<Cli, SettingsError> {
    let given = Cli::command().try_get_matches_from(arguments).map_err(usage)?;
    let innermost = innermost(&given);
    let known = Known::all();
    let mut layers = vec![from_environment(&known, &environment)?];
    let named = innermost.try_get_one::<PathBuf>(CONFIG).ok().flatten().cloned();
    let file = named.or_else(|| environment(&variable(CONFIG)).map(PathBuf::from));
    // A command that takes no file takes none from the environment either.
    if innermost.try_contains_id(CONFIG).is_ok()
        && let Some(path) = file
    {
        layers.push(from_file(&known, &path)?);
    }
    let explicit = |name: &str| {
        let id = name.replace('-', "_");
        let known = innermost.try_contains_id(&id).is_ok();
        known && innermost.value_source(&id) == Some(ValueSource::CommandLine)
    };
    let mut decided: BTreeSet<String> = known.names().filter(|name| explicit(name)).collect();
    let mut defaults = BTreeMap::new();
    for layer in layers {
        let mut here = BTreeSet::new();
        for (name, values) in layer {
            let alternatives = alternatives(&name);
            if alternatives.iter().any(|name| decided.contains(*name)) || decided.contains(&name) {
                continue;
            }
            here.insert(name.clone());
            defaults.insert(name, values);
        }
        decided.append(&mut here);
    }
    let matches = with_defaults(Cli::command(), &defaults).try_get_matches_from(arguments)?;
    Ok(Cli::from_arg_matches(&matches)?)
}

/// The library repeats a value that it did not take; that of a database may hold a password.
fn usage(error: clap::Error) -> SettingsError {
    let named = error.get(ContextKind::InvalidArg).map(ToString::to_string).unwrap_or_default();
    let reason = std::error::Error::source(&error).map(ToString::to_string);
    match reason {
        Some(reason) if named.starts_with("--database") => {
            SettingsError::Value { place: "--database".to_owned(), reason }
        }
        _ => SettingsError::Usage(error),
    }
}

/// Why the settings were not taken. No text holds a value: it may be a secret in the wrong place.
#[non_exhaustive]
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// The command line.
    #[error(transparent)]
    Usage(#[from] clap::Error),
    /// The file cannot be read.
    #[error("{path}: {reason}", path = path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        reason: String,
    },
    /// The file is no TOML.
    #[error("{path}, line {line}: {reason}", path = path.display())]
    Syntax {
        /// The file.
        path: PathBuf,
        /// Where, from 1.
        line: usize,
        /// What was found and expected.
        reason: String,
    },
    /// The file names a setting that there is not.
    #[error("{path}, line {line}: there is no setting `{key}`; there are {known}", path = path.display())]
    Unknown {
        /// The file.
        path: PathBuf,
        /// Where, from 1.
        line: usize,
        /// The name that was found.
        key: String,
        /// All names.
        known: String,
    },
    /// The file sets one thing in two ways.
    #[error("{path}, line {line}: `{key}` and `{other}` say the same; keep one", path = path.display())]
    Twice {
        /// The file.
        path: PathBuf,
        /// Where the second one is, from 1.
        line: usize,
        /// The second one.
        key: String,
        /// The first one.
        other: String,
    },
    /// A value that the setting does not take.
    #[error("{place}: {reason}")]
    Value {
        /// File, line and key, or the environment variable.
        place: String,
        /// What was expected.
        reason: String,
    },
}

/// The settings: the options of `serve`, which has them all.
struct Known(Command);

impl Known {
    fn all() -> Self {
        Self(Cli::command().find_subcommand("serve").cloned().unwrap_or_default())
    }

    fn arguments(&self) -> impl Iterator<Item = (&str, &Arg)> {
        let named = self.0.get_arguments().filter_map(|argument| Some((argument.get_long()?, argument)));
        named.filter(|(name, _)| !["help", CONFIG].contains(name))
    }

    fn names(&self) -> impl Iterator<Item = String> {
        self.arguments().map(|(name, _)| name.to_owned())
    }

    /// Says what is wrong with a value, if anything.
    fn check(&self, name: &str, argument: &Arg, value: &str) -> Option<String> {
        if is_flag(argument) {
            return (!["true", "false"].contains(&value)).then(|| "expected true or false".to_owned());
        }
        let tried = self.0.clone().try_get_matches_from(["serve".to_owned(), format!("--{name}={value}")]);
        let error = tried.err()?;
        if !matches!(error.kind(), ErrorKind::ValueValidation | ErrorKind::InvalidValue) {
            return None;
        }
        let possible = argument.get_possible_values();
        if possible.is_empty() {
            let reason = std::error::Error::source(&error).map(ToString::to_string);
            return Some(reason.unwrap_or_else(|| "the value is not taken".to_owned()));
        }
        let names: Vec<&str> = possible.iter().map(clap::builder::PossibleValue::get_name).collect();
        Some(format!("expected one of {}", names.join(", ")))
    }
}

type Layer = BTreeMap<String, Vec<String>>;

fn from_environment(
    known: &Known,
    environment: &impl Fn(&str) -> Option<OsString>,
) -> Result<Layer, SettingsError> {
    let mut out = Layer::new();
    for (name, argument) in known.arguments() {
        let variable = variable(name);
        let Some(value) = environment(&variable) else { continue };
        let place = || format!("environment variable {variable}");
        let value = value.into_string().map_err(|_| SettingsError::Value {
            place: place(),
            reason: "the value is not UTF-8".to_owned(),
        })?;
        if let Some(reason) = known.check(name, argument, &value) {
            return Err(SettingsError::Value { place: place(), reason });
        }
        out.insert(name.to_owned(), vec![value]);
    }
    Ok(out)
}

fn from_file(known: &Known, path: &Path) -> Result<Layer, SettingsError> {
    let text = std::fs::read_to_string(path)
        .map_err(|error| SettingsError::File { path: path.to_owned(), reason: error.to_string() })?;
    let line = |at: usize| text.bytes().take(at).filter(|byte| *byte == b'\n').count().saturating_add(1);
    let table = DeTable::parse(&text).map_err(|error| SettingsError::Syntax {
        path: path.to_owned(),
        line: line(error.span().map_or(0, |span| span.start)),
        reason: error.message().to_owned(),
    })?;
    let mut found: Vec<_> = table.into_inner().into_iter().collect();
    found.sort_by_key(|(key, _)| key.span().start);
    let mut out = Layer::new();
    for (key, value) in found {
        let line = line(key.span().start);
        let key: &str = key.get_ref();
        let Some((name, argument)) = known.arguments().find(|(name, _)| *name == key) else {
            let known: Vec<String> = known.names().collect();
            let (path, key, known) = (path.to_owned(), key.to_owned(), known.join(", "));
            return Err(SettingsError::Unknown { path, line, key, known });
        };
        if let Some(other) = alternatives(name).iter().find(|other| out.contains_key(**other)) {
            let (path, key, other) = (path.to_owned(), key.to_owned(), (*other).to_owned());
            return Err(SettingsError::Twice { path, line, key, other });
        }
        let failed = |reason: String| {
            let place = format!("{}, line {line}, key `{name}`", path.display());
            SettingsError::Value { place, reason }
        };
        let values = texts(argument, value.get_ref()).map_err(|reason| failed(reason.to_owned()))?;
        if let Some(reason) = values.iter().find_map(|value| known.check(name, argument, value)) {
            return Err(failed(reason));
        }
        out.insert(name.to_owned(), values);
    }
    Ok(out)
}

/// The value as it would be written on the command line.
fn texts(argument: &Arg, value: &DeValue<'_>) -> Result<Vec<String>, &'static str> {
    let several = matches!(argument.get_action(), ArgAction::Append);
    if let Some(list) = value.as_array().filter(|_| several) {
        let texts = list.iter().map(|item| item.get_ref().as_str().map(str::to_owned));
        return texts.collect::<Option<_>>().ok_or("expected a list of strings");
    }
    match value {
        DeValue::Boolean(value) if is_flag(argument) => Ok(vec![value.to_string()]),
        _ if is_flag(argument) => Err("expected true or false"),
        DeValue::String(text) => Ok(vec![text.to_string()]),
        DeValue::Integer(number) => Ok(vec![number.to_string()]),
        _ if several => Err("expected a string, or a list of strings"),
        _ => Err("expected a string or a whole number"),
    }
}

fn is_flag(argument: &Arg) -> bool {
    matches!(argument.get_action(), ArgAction::SetTrue)
}

/// The same command, where what stands in the environment or the file is what holds without an option.
fn with_defaults(command: Command, defaults: &Layer) -> Command {
    let arguments: Vec<(String, String)> = command
        .get_arguments()
        .filter_map(|argument| Some((argument.get_id().to_string(), argument.get_long()?.to_owned())))
        .collect();
    let subcommands: Vec<String> =
        command.get_subcommands().map(|command| command.get_name().to_owned()).collect();
    // Only a command that takes the file heeds it: the demo keeps to a database of its own.
    let heeds = arguments.iter().any(|(_, name)| name == CONFIG);
    let mut command = command;
    for (id, name) in arguments.into_iter().filter(|_| heeds) {
        if let Some(values) = defaults.get(&name) {
            command = command.mut_arg(id, |argument| argument.default_values(values.clone()));
        }
    }
    subcommands.into_iter().fold(command, |command, name| {
        command.mut_subcommand(name, |command| with_defaults(command, defaults))
    })
}

fn innermost(matches: &ArgMatches) -> &ArgMatches {
    matches.subcommand().map_or(matches, |(_, matches)| innermost(matches))
}

fn variable(name: &str) -> String {
    format!("SERVER_{}", name.replace('-', "_").to_ascii_uppercase())
}

/// The other names under which the same thing can be set.
fn alternatives(name: &str) -> &'static [&'static str] {
    match name {
        "database" => &["database-file"],
        "database-file" => &["database"],
        _ => &[],
    }
}

const CONFIG: &str = "config";

#[cfg(test)]
mod tests;

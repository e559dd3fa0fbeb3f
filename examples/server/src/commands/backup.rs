//! `server backup`: a consistent copy of the SQLite file, made while servers run.

use std::fs::{File, OpenOptions};
use std::path::Path;

use scim_filter::Dialect;

use super::{CommandError, note};
use crate::app::{Base, OpenError};
use crate::cli::Backup;

/// Copies the database, and the key file if asked for. An unfinished copy does not stay.
///
/// # Errors
/// [`CommandError`]; then there is no copy.
pub async fn run(options: &Backup) -> Result<(), CommandError> {
    let base = Base::open(&options.data).await?;
    if base.store.dialect() == Dialect::Postgres {
        return Err(CommandError::NoCopy);
    }
    let to = &options.to;
    let made = async {
        // Made empty first, because whoever may read it reads everything.
        create(to)?;
        base.store.copy_to(to).await?;
        File::open(to).and_then(|file| file.sync_all()).map_err(|error| failed(to, &error))
    };
    if let Err(error) = made.await {
        if !matches!(error, CommandError::Exists(_)) {
            // An error means that there is nothing to remove.
            let _ = std::fs::remove_file(to);
        }
        return Err(error);
    }
    note(&format!("the database was copied to {}", to.display()));
    let key_file = options.data.key_file().map_err(OpenError::from)?;
    if let Some(key_to) = &options.key_to {
        let key = std::fs::read(&key_file).map_err(|error| failed(&key_file, &error))?;
        let mut file = create(key_to)?;
        std::io::Write::write_all(&mut file, &key)
            .and_then(|()| file.sync_all())
            .map_err(|error| failed(key_to, &error))?;
        note(&format!("the key file was copied to {}", key_to.display()));
    } else {
        note(&format!(
            "keep a copy of {} too, in another place: without it this copy cannot be opened",
            key_file.display()
        ));
    }
    Ok(())
}

/// A new file that only its owner reads.
fn create(path: &Path) -> Result<File, CommandError> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map_err(|error| match error.kind() {
        std::io::ErrorKind::AlreadyExists => CommandError::Exists(path.display().to_string()),
        _ => failed(path, &error),
    })
}

fn failed(path: &Path, error: &std::io::Error) -> CommandError {
    CommandError::Io(format!("{}: {error}", path.display()))
}

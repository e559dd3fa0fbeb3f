//! The log: lines on the standard error, as text or as JSON. No line holds personal data or a secret.

use tracing::Level;

use crate::cli::{Cli, Command, LogFormat, LogLevel};

/// Starts the log as the command line says: a serving process tells of each request, commands tell of trouble alone.
pub fn start(cli: &Cli) {
    let (format, level) = match &cli.command {
        Command::Serve(serve) => (serve.log.format, serve.log.log_level.level()),
        _ => (LogFormat::Text, Level::WARN),
    };
    let builder =
        tracing_subscriber::fmt().with_writer(std::io::stderr).with_ansi(false).with_max_level(level);
    // INVARIANT: nothing was set before; were it so, that subscriber stays.
    let _ = match format {
        LogFormat::Text => tracing::subscriber::set_global_default(builder.finish()),
        LogFormat::Json => {
            let json = builder.json().flatten_event(true).with_current_span(true).with_span_list(false);
            tracing::subscriber::set_global_default(json.finish())
        }
    };
}

impl LogLevel {
    fn level(self) -> Level {
        match self {
            Self::Error => Level::ERROR,
            Self::Warn => Level::WARN,
            Self::Info => Level::INFO,
            Self::Debug => Level::DEBUG,
        }
    }
}

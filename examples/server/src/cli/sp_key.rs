//! Commands about a tenant's own SAML keys.

use clap::Subcommand;

use super::Data;

/// `server sp-key …`.
#[derive(Debug, Subcommand)]
pub enum SpKey {
    /// List a tenant's keys, one line each: id, state, SHA-256 of the certificate, its end, days left, signs or since/from
    /// when. A running server heeds every change at its next request.
    List {
        /// The tenant.
        #[arg(long)]
        tenant: String,
        /// Where the data is.
        #[command(flatten)]
        data: Data,
    },
    /// Make the next key and print its id: it is in the metadata at once, and signs from the instant on.
    Stage {
        /// The tenant.
        #[arg(long)]
        tenant: String,
        /// When signing switches to it: now, a date (its beginning, in UTC) or an RFC 3339 instant [default: after the
        /// days that the product's profile says, 14].
        #[arg(long, value_name = "INSTANT")]
        at: Option<String>,
        /// Where the data is.
        #[command(flatten)]
        data: Data,
    },
    /// Set when signing switches to the next key. Until the old one is retired, a later instant lets that one sign again.
    Promote {
        /// The tenant.
        #[arg(long)]
        tenant: String,
        /// As for stage.
        #[arg(long, value_name = "INSTANT", default_value = "now")]
        at: String,
        /// Where the data is.
        #[command(flatten)]
        data: Data,
    },
    /// Take the next key back, before it signs.
    Cancel {
        /// The tenant.
        #[arg(long)]
        tenant: String,
        /// Where the data is.
        #[command(flatten)]
        data: Data,
    },
    /// Take the old key out of the metadata, once the next one signs; it decrypts until it is removed.
    Retire {
        /// The tenant.
        #[arg(long)]
        tenant: String,
        /// Where the data is.
        #[command(flatten)]
        data: Data,
    },
    /// Delete a retired key: what is encrypted for it is refused from then on.
    Remove {
        /// The tenant.
        #[arg(long)]
        tenant: String,
        /// The key's id.
        #[arg(long)]
        id: String,
        /// Where the data is.
        #[command(flatten)]
        data: Data,
    },
    /// Print the certificate of a key in PEM, for an identity provider that does not read metadata.
    Certificate {
        /// The tenant.
        #[arg(long)]
        tenant: String,
        /// The key's id [default: the next one, or the current one if there is none].
        #[arg(long)]
        id: Option<String>,
        /// Where the data is.
        #[command(flatten)]
        data: Data,
    },
}

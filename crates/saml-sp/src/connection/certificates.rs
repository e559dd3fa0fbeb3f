//! Which certificates of a connection are in use, and for how long.

use chrono::{DateTime, Utc};

use super::Connection;
use crate::{Certificate, IdentityProvider, KeyStage, SignatureEvidence, VerificationKey};

/// What the host knows beside the connection for a [`CertificateReport`].
#[non_exhaustive]
#[derive(Clone, Copy, Debug)]
pub struct CertificateReview<'a> {
    /// Newer metadata of the identity provider that was read and not yet applied.
    pub fresh: Option<&'a IdentityProvider>,
    /// The fingerprint of the key that verified last, as [`SignatureEvidence::key`] of a login's evidence told it.
    pub last_verified: Option<&'a str>,
    /// The host's clock.
    pub now: DateTime<Utc>,
}

impl<'a> CertificateReview<'a> {
    /// Reviews what is stored.
    #[must_use]
    pub fn new(now: DateTime<Utc>) -> Self {
        Self { fresh: None, last_verified: None, now }
    }

    /// Compares with newer metadata that wasn't applied yet.
    #[must_use]
    pub fn with_fresh(mut self, fresh: &'a IdentityProvider) -> Self {
        self.fresh = Some(fresh);
        self
    }

    /// Says which key verified last.
    #[must_use]
    pub fn with_last_verified(mut self, evidence: &'a SignatureEvidence) -> Self {
        self.last_verified = Some(&evidence.key);
        self
    }
}

/// Which certificates of a connection are in use, and for how long; see [`Connection::certificates`].
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CertificateReport {
    /// Those of the identity provider: the stored ones in their order, then those seen in newer metadata alone.
    pub idp: Vec<IdpCertificate>,
    /// Those of this side: current, next, retired.
    pub sp: Vec<SpCertificate>,
}

impl CertificateReport {
    /// Gives the days until the last stored certificate of the identity provider expires, rounded down; `None` if one has
    /// no date, as bare keys have none.
    #[must_use]
    pub fn idp_days_left(&self) -> Option<i64> {
        let stored = self.idp.iter().filter(|one| one.standing != KeyStanding::OnlyInFresh);
        let days: Option<Vec<i64>> = stored.map(|one| one.days_left).collect();
        days.and_then(|days| days.into_iter().max())
    }
}

/// A key that the identity provider signs with, or will.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdpCertificate {
    /// SHA-256, as [`VerificationKey::fingerprint`] tells it.
    pub fingerprint: String,
    /// The certificate's subject, for people; absent for a bare key.
    pub subject: Option<String>,
    /// When the certificate expires. Signatures verify beyond (SIG-09), but most products change the key then.
    pub not_after: Option<DateTime<Utc>>,
    /// Whole days until then, rounded down; negative once it has expired.
    pub days_left: Option<i64>,
    /// Whether it is stored, and in newer metadata.
    pub standing: KeyStanding,
    /// Whether it is the one that verified last.
    pub verified_last: bool,
}

/// Where a key of an identity provider was seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum KeyStanding {
    /// Stored, and gone from newer metadata: it can be dropped once that is applied.
    GoneFromFresh,
    /// Seen in newer metadata and not yet used: what it signs is refused until that is applied.
    OnlyInFresh,
    /// Stored, and in newer metadata too if there is any.
    Stored,
}

/// A certificate of this side.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SpCertificate {
    /// SHA-256 over the certificate, in hex.
    pub fingerprint: String,
    /// The subject, for people.
    pub subject: String,
    /// When it expires; some products then refuse what its key signed.
    pub not_after: DateTime<Utc>,
    /// Whole days until then, rounded down; negative once it has expired.
    pub days_left: i64,
    /// Where its key is in its life.
    pub stage: KeyStage,
    /// Whether its key signs now.
    pub signs: bool,
    /// When its key begins (*next*) or ceases (*current*) to sign, if that is set and hasn't happened yet.
    pub switches_at: Option<DateTime<Utc>>,
}

impl Connection<'_> {
    /// Reports on the certificates of both sides: days left, fingerprints, which one verified last, which are new.
    ///
    /// ```
    /// # use saml_sp::*;
    /// # fn example(connection: Connection<'_>, last: &SignatureEvidence, now: chrono::DateTime<chrono::Utc>) {
    /// let review = CertificateReview::new(now).with_last_verified(last);
    /// for certificate in connection.certificates(&review).idp {
    ///     println!("{}: {:?} days left", certificate.fingerprint, certificate.days_left);
    /// }
    /// # }
    /// ```
    #[must_use]
    pub fn certificates(&self, review: &CertificateReview<'_>) -> CertificateReport {
        let stored = self.idp().signing_keys();
        let fresh = review.fresh.map(IdentityProvider::signing_keys);
        let of_stored = stored.iter().map(|key| {
            let gone = fresh.is_some_and(|fresh| !fresh.contains(key));
            let standing = if gone { KeyStanding::GoneFromFresh } else { KeyStanding::Stored };
            idp_certificate(key, standing, review)
        });
        let only_fresh = fresh.unwrap_or_default().iter().filter(|key| !stored.contains(key));
        let of_fresh = only_fresh.map(|key| idp_certificate(key, KeyStanding::OnlyInFresh, review));
        CertificateReport { idp: of_stored.chain(of_fresh).collect(), sp: self.own_certificates(review.now) }
    }

    fn own_certificates(&self, now: DateTime<Utc>) -> Vec<SpCertificate> {
        let Some(ring) = self.sp().keys() else { return Vec::new() };
        let switches_at = ring.switches_at().filter(|at| now < *at);
        let has_switched = ring.switches_at().is_some_and(|at| now >= at);
        ring.stages()
            .map(|(stage, pair)| {
                let certificate = pair.certificate();
                SpCertificate {
                    fingerprint: certificate.fingerprint().to_owned(),
                    subject: certificate.subject().to_owned(),
                    not_after: certificate.not_after(),
                    days_left: days(now, certificate.not_after()),
                    stage,
                    signs: match stage {
                        KeyStage::Current => !has_switched,
                        KeyStage::Next => has_switched,
                        KeyStage::Retired => false,
                    },
                    switches_at: switches_at.filter(|_| stage != KeyStage::Retired),
                }
            })
            .collect()
    }
}

fn idp_certificate(
    key: &VerificationKey,
    standing: KeyStanding,
    review: &CertificateReview<'_>,
) -> IdpCertificate {
    let fingerprint = key.fingerprint();
    let not_after = key.certificate().map(Certificate::not_after);
    IdpCertificate {
        subject: key.certificate().map(|certificate| certificate.subject().to_owned()),
        not_after,
        days_left: not_after.map(|end| days(review.now, end)),
        standing,
        verified_last: review.last_verified == Some(fingerprint.as_str()),
        fingerprint,
    }
}

/// Whole days from now to then, rounded down.
fn days(now: DateTime<Utc>, then: DateTime<Utc>) -> i64 {
    then.signed_duration_since(now).num_seconds().div_euclid(86_400)
}

#[cfg(test)]
mod tests;

//! Carrying out what a request does to a group's members, row by row.

use std::collections::BTreeSet;

use scim_patch::{Member, MembershipChange, RowCounts};
use sqlx::AnyConnection;

use super::call::Call;
use super::leniency::MEMBERS_SKIPPED;
use crate::store::{StoreError, members};

/// What became of a membership change.
#[derive(Clone, Debug, Default)]
pub(crate) struct Done {
    /// The rows that changed.
    pub(crate) rows: RowCounts,
    /// The members that came or went.
    pub(crate) touched: BTreeSet<String>,
    /// How many ids name no resource of the tenant; they were skipped.
    pub(crate) unknown: usize,
}

/// Carries a change out. A change that names a few members costs a few rows, however many members there are.
pub(crate) async fn carry_out(
    call: &Call<'_>,
    db: &mut AnyConnection,
    group: &str,
    change: &MembershipChange,
) -> Result<Done, StoreError> {
    let mut done = Done::default();
    let mut remove: Vec<String> = change.remove.clone();
    if let Some(wanted) = &change.replace_all {
        let wanted: BTreeSet<&str> = wanted.iter().map(Member::value).collect();
        let had = members::ids(db, call.tenant(), group).await?;
        remove.extend(had.into_iter().filter(|id| !wanted.contains(id.as_str())));
    }
    for id in remove {
        if members::remove(db, call.tenant(), group, &id).await? {
            done.rows.deleted = done.rows.deleted.saturating_add(1);
            done.touched.insert(id);
        }
    }
    for member in change.add.iter().chain(change.replace_all.iter().flatten()) {
        match members::add(db, call.tenant(), group, member.value(), member.display()).await? {
            Some(true) => {
                done.rows.inserted = done.rows.inserted.saturating_add(1);
                done.touched.insert(member.value().to_owned());
            }
            // It went and came again in one request, with what is sent now.
            Some(false) if member.is_renewed() => {
                if members::rename(db, call.tenant(), group, member.value(), member.display()).await? {
                    done.rows.deleted = done.rows.deleted.saturating_add(1);
                    done.rows.inserted = done.rows.inserted.saturating_add(1);
                }
            }
            Some(false) => {}
            None => done.unknown = done.unknown.saturating_add(1),
        }
    }
    if done.unknown > 0 {
        call.noted.many(MEMBERS_SKIPPED, u64::try_from(done.unknown).unwrap_or(u64::MAX));
        tracing::warn!(tenant = %call.tenant(), unknown = done.unknown, "members that do not exist were skipped");
    }
    Ok(done)
}

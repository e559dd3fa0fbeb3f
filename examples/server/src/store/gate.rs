//! Who waits for a tenant's turn inside one server.
//!
//! The database makes the writers of a tenant pass one by one already; but each that waits there holds a connection.
//! Here they wait for nothing but each other, first come first served, so that a tenant in the middle of a great
//! synchronisation never holds more than one connection.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use tenant_model::TenantId;
use tokio::sync::{Mutex as Turn, OwnedMutexGuard};

use super::StoreError;

/// A gate for each tenant that somebody waits for.
#[derive(Clone, Debug, Default)]
pub(super) struct Gates(Arc<Mutex<HashMap<TenantId, Weak<Turn<()>>>>>);

/// The turn of a tenant, until it is dropped.
#[derive(Debug)]
pub(super) struct Pass {
    _turn: OwnedMutexGuard<()>,
}

impl Gates {
    /// Waits for the tenant's turn.
    pub(super) async fn pass(&self, tenant: &TenantId, patience: Duration) -> Result<Pass, StoreError> {
        let turn = self.gate(tenant).lock_owned();
        match tokio::time::timeout(patience, turn).await {
            Ok(turn) => Ok(Pass { _turn: turn }),
            Err(_) => Err(StoreError::Unavailable("the tenant's other writes take too long".to_owned())),
        }
    }

    fn gate(&self, tenant: &TenantId) -> Arc<Turn<()>> {
        // A panic elsewhere cannot leave the map half-changed.
        let mut gates = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(gate) = gates.get(tenant).and_then(Weak::upgrade) {
            return gate;
        }
        if gates.len() >= gates.capacity() {
            gates.retain(|_, gate| gate.strong_count() > 0);
        }
        let gate = Arc::new(Turn::new(()));
        gates.insert(tenant.clone(), Arc::downgrade(&gate));
        gate
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_tenant_waits_for_itself_alone_and_is_forgotten_afterwards() {
        let gates = Gates::default();
        let tenant = |id: &str| TenantId::parse(id).unwrap();
        let pass = gates.pass(&tenant("acme"), Duration::ZERO).await.unwrap();
        assert!(gates.pass(&tenant("acme"), Duration::from_millis(1)).await.is_err());
        assert!(gates.pass(&tenant("globex"), Duration::ZERO).await.is_ok());
        drop(pass);
        assert!(gates.pass(&tenant("acme"), Duration::ZERO).await.is_ok());
        for number in 0..10_000 {
            gates.pass(&tenant(&format!("t{number}")), Duration::ZERO).await.unwrap();
        }
        assert!(gates.0.lock().unwrap().len() < 100);
    }
}

//! `/Bulk` (RFC 7644 3.7): many writes in one request, each whole or not at all.
//!
//! The request is one transaction with a savepoint for each operation: one that fails leaves nothing behind, and when
//! the request itself breaks off, nothing at all was done.

use std::collections::BTreeSet;
use std::mem::take;

use axum::body::Body;
use axum::http::StatusCode;
use scim_schema::message::{
    BulkError, BulkIds, BulkLimits, BulkMethod, BulkOperation, BulkOrder, BulkRequest, BulkResponse,
    BulkResult,
};
use scim_schema::{Limits, ResourceType, ScimType};
use serde_json::{Map, Value, json};
use tenant_model::Operation;

use super::call::Call;
use super::fault::Fault;
use super::{MEDIA_TYPE, view, write};
use crate::http::answer::{Answer, typed};
use crate::http::{body, observe};
use crate::store::Tx;
use crate::store::resources::StoredResource;

/// How much one request may hold, as `/ServiceProviderConfig` says.
pub(super) const LIMITS: BulkLimits =
    BulkLimits { max_operations: 1_000, max_payload_size: body::SCIM_LIMIT };

/// `POST /Bulk`.
pub(super) async fn run(call: &Call<'_>, body: &mut Body) -> Result<Answer, Fault> {
    let bytes = body::read(take(body), LIMITS.max_payload_size).await.map_err(|refusal| {
        if refusal.status == StatusCode::PAYLOAD_TOO_LARGE {
            return Fault::of(&BulkError::PayloadTooLarge { limit: LIMITS.max_payload_size });
        }
        refusal.into()
    })?;
    let request =
        BulkRequest::parse(&bytes, &LIMITS, &Limits::default()).map_err(|error| Fault::of(&error))?;
    let order = BulkOrder::of(&request.operations);
    call.passwords.prepare(call, &bytes).await?;
    let mut tx = call.app.base.store.begin(call.tenant()).await?;
    let mut job = Job { call, request: &request, state: State::new(request.operations.len()) };
    job.all(&mut tx, &order).await?;
    tx.commit().await?;
    for (operation, result) in request.operations.iter().zip(&job.state.results) {
        if let Some(result) = result {
            let (resource, done) = observe::bulk_operation(&operation.endpoint, operation.method);
            call.app.operations.scim(resource, done, result.status);
        }
    }
    let results = job.state.results.into_iter().flatten().collect();
    Ok(typed(StatusCode::OK, MEDIA_TYPE, json!(BulkResponse { operations: results }).to_string()))
}

struct Job<'a> {
    call: &'a Call<'a>,
    request: &'a BulkRequest,
    state: State,
}

/// What is known so far; put back when a circle fails.
#[derive(Clone)]
struct State {
    ids: BulkIds,
    results: Vec<Option<BulkResult>>,
    failures: u64,
}

impl State {
    fn new(operations: usize) -> Self {
        Self { ids: BulkIds::default(), results: vec![None; operations], failures: 0 }
    }
}

impl<'a> Job<'a> {
    /// Operations that wait for each other, and what was carried out between the first and the last of them, are
    /// tried together; when one of the circle fails, all of it does, and the others are done without it.
    async fn all(&mut self, tx: &mut Tx, order: &BulkOrder) -> Result<(), Fault> {
        let circular: BTreeSet<usize> = order.circular.iter().copied().collect();
        let first = order.order.iter().position(|index| circular.contains(index));
        let last = order.order.iter().rposition(|index| circular.contains(index));
        let (Some(first), Some(last)) = (first, last) else {
            return self.each(tx, &order.order).await;
        };
        let (before, rest) = order.order.split_at(first);
        let (middle, after) = rest.split_at(last.saturating_sub(first).saturating_add(1));
        self.each(tx, before).await?;
        if !self.stopped() {
            let saved = self.state.clone();
            tx.savepoint(CIRCLE).await?;
            if self.together(tx, middle, &circular).await? {
                tx.release(CIRCLE).await?;
            } else {
                tx.roll_back_to(CIRCLE).await?;
                let tried = std::mem::replace(&mut self.state, saved).results;
                for index in &order.circular {
                    self.failed(*index, unresolved_circle());
                    // Whoever broke the circle is told why.
                    if let Some(Some(result)) = tried.get(*index)
                        && result.error.is_some()
                    {
                        self.set(*index, result.clone());
                    }
                }
                let others: Vec<usize> =
                    middle.iter().copied().filter(|index| !circular.contains(index)).collect();
                self.each(tx, &others).await?;
            }
        }
        self.each(tx, after).await
    }

    async fn each(&mut self, tx: &mut Tx, order: &[usize]) -> Result<(), Fault> {
        for index in order {
            if self.stopped() {
                return Ok(());
            }
            let data = self.operation(*index).and_then(|operation| operation.data.clone());
            self.one(tx, *index, data).await?;
        }
        Ok(())
    }

    /// Creates what can be created of a circle and, when all have ids, puts the rest in; false if one of it failed.
    async fn together(
        &mut self,
        tx: &mut Tx,
        order: &[usize],
        circular: &BTreeSet<usize>,
    ) -> Result<bool, Fault> {
        let mut open = Vec::new();
        for index in order {
            let mut data = self.operation(*index).and_then(|operation| operation.data.clone());
            let in_circle = circular.contains(index);
            if let (true, Some(data)) = (in_circle, &mut data)
                && self.state.ids.defer(data)
            {
                open.push(*index);
            }
            if self.stopped() || (!self.one(tx, *index, data).await? && in_circle) {
                return Ok(false);
            }
        }
        for index in open {
            if !self.complete(tx, index).await? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Replaces a resource of a circle by all that was sent.
    async fn complete(&mut self, tx: &mut Tx, index: usize) -> Result<bool, Fault> {
        let Some(operation) = self.operation(index) else { return Ok(false) };
        let target = operation.bulk_id.as_deref().map(|bulk_id| format!("bulkId:{bulk_id}"));
        let target = target.as_deref().and_then(|target| self.state.ids.id(target).ok());
        let (Some(id), Ok(kind)) = (target, self.kind(operation)) else { return Ok(false) };
        let Ok(data) = self.data(operation.data.clone()) else { return Ok(false) };
        let condition = self.call.conditions(None, None)?;
        match write::put(self.call, tx, &kind, id, &data, &condition).await {
            Ok(written) => {
                let result = self.done(operation, &kind, &written.stored, StatusCode::CREATED);
                self.set(index, result);
                Ok(true)
            }
            Err(fault) if fault.status().is_server_error() => Err(fault),
            Err(_) => Ok(false),
        }
    }

    /// One operation in a savepoint; false if it failed.
    ///
    /// # Errors
    /// What is no fault of the operation: then the whole request fails.
    async fn one(
        &mut self,
        tx: &mut Tx,
        index: usize,
        data: Option<Map<String, Value>>,
    ) -> Result<bool, Fault> {
        let Some(operation) = self.operation(index) else { return Ok(false) };
        tx.savepoint(OPERATION).await?;
        match self.carry_out(tx, operation, data).await {
            Ok((result, id)) => {
                tx.release(OPERATION).await?;
                if let (BulkMethod::Post, Some(bulk_id)) = (operation.method, &operation.bulk_id) {
                    self.state.ids.insert(bulk_id, id);
                }
                self.set(index, result);
                Ok(true)
            }
            Err(fault) if fault.status().is_server_error() => Err(fault),
            Err(fault) => {
                tx.roll_back_to(OPERATION).await?;
                self.failed(index, fault);
                Ok(false)
            }
        }
    }

    async fn carry_out(
        &self,
        tx: &mut Tx,
        operation: &BulkOperation,
        data: Option<Map<String, Value>>,
    ) -> Result<(BulkResult, String), Fault> {
        let kind = self.kind(operation)?;
        let wanted = match operation.method {
            BulkMethod::Delete => Operation::Delete,
            BulkMethod::Patch => Operation::Patch,
            BulkMethod::Post => Operation::Create,
            BulkMethod::Put => Operation::Replace,
        };
        if !self.call.capabilities().allows(kind.name(), wanted) {
            let detail = format!("{} is not offered for {}", operation.method.as_str(), operation.endpoint);
            return Err(Fault::new(StatusCode::METHOD_NOT_ALLOWED, "scim.method", detail));
        }
        self.call.allow(&kind, wanted)?;
        let data = self.data(data)?;
        let target = self.state.ids.id(operation.target.as_deref().unwrap_or_default());
        let id = target.map_err(|bulk_id| unresolved(&bulk_id))?;
        let if_match = operation.version.as_ref().map(ToString::to_string);
        let condition = self.call.conditions(if_match.as_deref(), None)?;
        let (stored, status) = match operation.method {
            BulkMethod::Post => (write::add(self.call, tx, &kind, &data).await?.stored, StatusCode::CREATED),
            BulkMethod::Put => {
                (write::put(self.call, tx, &kind, id, &data, &condition).await?.stored, StatusCode::OK)
            }
            BulkMethod::Patch => {
                let quirks = self.call.leniency.patch_in_bulk();
                let stored = write::modify(self.call, tx, &kind, id, &data, quirks, &condition).await?;
                // The status that the request alone would have had.
                (stored, write::patched_status(self.call, &kind))
            }
            BulkMethod::Delete => {
                write::remove(self.call, tx, &kind, id, &condition).await?;
                let mut result = plain(operation, StatusCode::NO_CONTENT);
                result.location = Some(kind.location(&self.call.base_url, id));
                return Ok((result, id.to_owned()));
            }
        };
        Ok((self.done(operation, &kind, &stored, status), stored.id))
    }

    /// The body with ids in place of names, as the endpoint alone would read it.
    fn data(&self, data: Option<Map<String, Value>>) -> Result<Vec<u8>, Fault> {
        let Some(data) = data else { return Ok(Vec::new()) };
        let mut data = Value::Object(data);
        self.state.ids.resolve(&mut data).map_err(|bulk_id| unresolved(&bulk_id))?;
        Ok(data.to_string().into_bytes())
    }

    fn operation(&self, index: usize) -> Option<&'a BulkOperation> {
        self.request.operations.get(index)
    }

    fn kind(&self, operation: &BulkOperation) -> Result<std::sync::Arc<ResourceType>, Fault> {
        self.call.resource_type(operation.endpoint.trim_start_matches('/'))
    }

    fn done(
        &self,
        operation: &BulkOperation,
        kind: &ResourceType,
        stored: &StoredResource,
        status: StatusCode,
    ) -> BulkResult {
        let mut result = plain(operation, status);
        result.location = Some(kind.location(&self.call.base_url, &stored.id));
        result.version = self.call.capabilities().etag.then(|| view::version(stored.version));
        result
    }

    fn failed(&mut self, index: usize, fault: Fault) {
        let Some(operation) = self.request.operations.get(index) else { return };
        tracing::info!(code = fault.code(), status = fault.status().as_u16(), "bulk operation refused");
        let mut result = plain(operation, fault.status());
        // RFC 7644 3.7.3: a location but for a POST that failed.
        if let (Some(Ok(id)), Ok(kind)) =
            (operation.target.as_deref().map(|target| self.state.ids.id(target)), self.kind(operation))
        {
            result.location = Some(kind.location(&self.call.base_url, id));
        }
        result.error = Some(fault.into_message());
        self.state.failures = self.state.failures.saturating_add(1);
        self.set(index, result);
    }

    fn set(&mut self, index: usize, result: BulkResult) {
        if let Some(slot) = self.state.results.get_mut(index) {
            *slot = Some(result);
        }
    }

    fn stopped(&self) -> bool {
        self.request.stops_after(self.state.failures)
    }
}

fn plain(operation: &BulkOperation, status: StatusCode) -> BulkResult {
    BulkResult {
        method: operation.method,
        bulk_id: operation.bulk_id.clone(),
        location: None,
        version: None,
        status: status.as_u16(),
        error: None,
    }
}

/// M35: a name that no operation has given a resource to.
fn unresolved(bulk_id: &str) -> Fault {
    Fault::typed(
        StatusCode::BAD_REQUEST,
        Some(ScimType::InvalidValue),
        "scim.bulk.unresolved",
        format!("no operation has made a resource for bulkId `{bulk_id}`"),
    )
}

/// RFC 7644 3.7.1.
fn unresolved_circle() -> Fault {
    Fault::new(
        StatusCode::CONFLICT,
        "scim.bulk.circular",
        "the operations refer to each other and could not be made together: send the references in a later request",
    )
}

const CIRCLE: &str = "bulk_circle";
const OPERATION: &str = "bulk_operation";

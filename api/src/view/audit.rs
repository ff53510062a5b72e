//! The audit log.

use chrono::{DateTime, Utc};
use huibao_models::domain::audit::AuditEntry;
use huibao_models::domain::ids::PersonId;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

use super::enums;

/// A page of the audit log.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct AuditList {
    /// The newest first.
    pub entries: Vec<AuditEntryView>,
    /// The `before` of the next page; null on the last.
    #[schema(required)]
    pub next: Option<Uuid>,
}

/// An entry of the audit log.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[schema(as = AuditEntry)]
pub struct AuditEntryView {
    /// The id.
    pub id: Uuid,
    /// When.
    pub at: DateTime<Utc>,
    /// Who: `person:…`, `token:…`, `worker:…` or `system`.
    pub actor: String,
    /// The person behind it.
    #[schema(required)]
    pub person: Option<Uuid>,
    /// Where the request came from.
    #[schema(required)]
    pub address: Option<String>,
    /// What was done.
    #[schema(value_type = enums::AuditAction)]
    pub action: String,
    /// To what: `report:…`, `person:…`, `round:…`.
    pub subject: String,
    /// Everything else.
    pub detail: Value,
}

impl From<AuditEntry> for AuditEntryView {
    fn from(entry: AuditEntry) -> Self {
        Self {
            id: entry.id,
            at: entry.at,
            actor: entry.actor,
            person: entry.person.map(PersonId::uuid),
            address: entry.address.map(|address| address.to_string()),
            action: entry.action,
            subject: entry.subject.as_str().to_owned(),
            // As it was written; what cannot be read is shown as text.
            detail: serde_json::from_str(&entry.detail).unwrap_or(Value::String(entry.detail)),
        }
    }
}

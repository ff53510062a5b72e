//! Good examples: accepted reports that a branch shows to its people, because their authors agree.

use chrono::{DateTime, Utc};

use super::ids::{PersonId, ReportId};

/// The author of a report agrees to its being shown as an example. Taking that back removes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Example {
    /// The report.
    pub report: ReportId,
    /// When its author agreed.
    pub consented_at: DateTime<Utc>,
    /// Who shows it, and since when; `None`: nobody does.
    pub published: Option<Published>,
}

/// Who shows a report as an example, and since when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Published {
    /// Who.
    pub by: PersonId,
    /// Their display name.
    pub by_name: String,
    /// Since when.
    pub at: DateTime<Utc>,
}

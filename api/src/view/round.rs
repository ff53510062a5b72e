//! Rounds: what a branch asks for.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use huibao_models::domain::ids::ReportId;
use huibao_models::domain::report::ReportKind;
use huibao_models::domain::round::{Participant, Round, Standing};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::enums;

/// Rounds.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct RoundList {
    /// The newest first.
    pub rounds: Vec<RoundView>,
}

/// One round.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct RoundBody {
    /// The round.
    pub round: RoundView,
    /// How many people stand how, for those who see that.
    #[schema(required)]
    pub standings: Option<BTreeMap<String, u32>>,
}

/// A round.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[schema(as = Round)]
pub struct RoundView {
    /// The id.
    pub id: Uuid,
    /// Whom it is for: the activists of this branch and of all below it.
    pub branch: String,
    /// What it is called.
    pub title: String,
    /// The quarter that it is for, such as `2026Q4`; may be empty.
    pub period: String,
    /// The kinds of reports that count; none: all.
    #[schema(value_type = Vec<enums::ReportKind>)]
    pub kinds: Vec<ReportKind>,
    /// What to do, in words.
    pub instructions: String,
    /// The longest video, in seconds.
    #[schema(required)]
    pub max_seconds: Option<u32>,
    /// When reports are due.
    pub deadline: DateTime<Utc>,
    /// Since when nothing can be handed in any more.
    #[schema(required)]
    pub closed_at: Option<DateTime<Utc>>,
    /// How the one who asks stands; null for somebody who does not take part.
    #[schema(required)]
    pub own: Option<ParticipantView>,
}

/// A page of those who take part in a round.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct ParticipantList {
    /// In the order in which they were added.
    pub participants: Vec<ParticipantView>,
    /// The `after` of the next page; null on the last.
    #[schema(required)]
    pub next: Option<Uuid>,
}

/// Who was reminded.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[schema(as = Reminded)]
pub struct RemindedView {
    /// So many people are told now.
    pub reminded: usize,
    /// So many owe a report as well, and were reminded lately.
    pub lately: usize,
}

/// Somebody of whom a round asks something.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[schema(as = Participant)]
pub struct ParticipantView {
    /// The person.
    pub person: Uuid,
    /// The name that others see.
    pub display_name: String,
    /// The student number.
    #[schema(required)]
    pub number: Option<String>,
    /// The branch.
    pub branch: String,
    /// How they stand.
    #[schema(value_type = enums::Standing)]
    pub standing: Standing,
    /// A later deadline, if they have one.
    #[schema(required)]
    pub extended_to: Option<DateTime<Utc>>,
    /// Whether nothing is asked of them.
    pub excused: bool,
    /// Why.
    pub reason: String,
    /// Their report for it, drafts included.
    #[schema(required)]
    pub report: Option<Uuid>,
}

/// A round that is to be opened.
#[derive(Deserialize, ToSchema)]
pub(crate) struct NewRound {
    /// Whom it is for, such as `/college/branch`.
    pub branch: String,
    /// What it is called.
    #[schema(min_length = 1, max_length = 200)]
    pub title: String,
    /// The quarter that it is for, such as `2026Q4`.
    #[serde(default)]
    pub period: String,
    /// The kinds of reports that count; none: all.
    #[serde(default)]
    #[schema(value_type = Vec<enums::ReportKind>)]
    pub kinds: Vec<ReportKind>,
    /// What to do, in words.
    #[serde(default)]
    #[schema(max_length = 5000)]
    pub instructions: String,
    /// The longest video, in seconds.
    #[schema(minimum = 1)]
    pub max_seconds: Option<u32>,
    /// When reports are due.
    pub deadline: DateTime<Utc>,
}

/// What is to be changed of a round. What is not given stays.
#[derive(Deserialize, ToSchema)]
pub(crate) struct RoundChange {
    /// What it is called.
    #[schema(min_length = 1, max_length = 200)]
    pub title: Option<String>,
    /// The quarter that it is for, such as `2026Q4`.
    pub period: Option<String>,
    /// The kinds of reports that count; none: all.
    #[schema(value_type = Option<Vec<enums::ReportKind>>)]
    pub kinds: Option<Vec<ReportKind>>,
    /// What to do, in words.
    #[schema(max_length = 5000)]
    pub instructions: Option<String>,
    /// The longest video, in seconds; 0: as long as the settings allow.
    pub max_seconds: Option<u32>,
    /// When reports are due.
    pub deadline: Option<DateTime<Utc>>,
}

/// Another rule for one person in a round, in place of the one before.
#[derive(Deserialize, ToSchema)]
#[schema(as = RoundException)]
pub(crate) struct ExceptionBody {
    /// A later deadline.
    pub extended_to: Option<DateTime<Utc>>,
    /// Whether nothing is asked of them.
    #[serde(default)]
    pub excused: bool,
    /// Why.
    #[serde(default)]
    #[schema(max_length = 500)]
    pub reason: String,
}

impl RoundView {
    /// The view of a round for somebody who stands so in it.
    pub(crate) fn new(round: Round, own: Option<Participant>) -> Self {
        Self {
            id: round.id.uuid(),
            branch: round.branch.to_string(),
            title: round.title,
            period: round.period.as_str().to_owned(),
            kinds: round.kinds,
            instructions: round.instructions,
            max_seconds: round.max_seconds,
            deadline: round.deadline,
            closed_at: round.closed_at,
            own: own.map(ParticipantView::from),
        }
    }
}

impl From<Participant> for ParticipantView {
    fn from(participant: Participant) -> Self {
        Self {
            person: participant.person.uuid(),
            display_name: participant.display_name,
            number: participant.number,
            branch: participant.branch.to_string(),
            standing: participant.standing,
            extended_to: participant.exception.extended_to,
            excused: participant.exception.excused,
            reason: participant.exception.reason,
            report: participant.report.map(ReportId::uuid),
        }
    }
}

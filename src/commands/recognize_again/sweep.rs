//! Goes through all reports, newest first, and queues those that are meant.

use huibao_models::db::{Database, DbError};
use huibao_models::keepers::Keepers;
use huibao_models::report::{Report, ReportState};
use huibao_models::task::Hint;
use uuid::Uuid;

use super::condition::Condition;

/// Reports that are in memory at once. Of their transcripts, there is never more than one.
const PAGE: u32 = 100;

/// What became of the reports that fit.
#[derive(Debug, Default)]
pub struct Found {
    /// How many were queued, or would have been.
    pub queued: u64,
    /// Left out: there is nothing to recognise again yet.
    pub not_ready: Vec<Uuid>,
    /// Left out: this is under way.
    pub at_work: Vec<Uuid>,
}

/// Queues every report that fits all conditions to be recognised again with `model`, or with `None`
/// only says which. What was queued is announced page by page.
pub async fn sweep(
    keepers: &Keepers,
    conditions: &[Condition],
    model: Option<&str>,
    announce: impl AsyncFn(Vec<Hint>),
) -> Result<Found, DbError> {
    let db = &keepers.db;
    let mut found = Found::default();
    let mut page = next_page(db, conditions, None).await?;
    while let Some(oldest) = page.last().map(|report| report.id) {
        let mut hints = Vec::new();
        for report in &page {
            if fits(db, report, conditions).await? {
                hints.extend(take(db, report, model, &mut found).await?);
            }
        }
        announce(hints).await;
        page = next_page(db, conditions, Some(oldest)).await?;
    }
    Ok(found)
}

/// The reports older than `before`. One that is named need not be looked for.
async fn next_page(
    db: &Database,
    conditions: &[Condition],
    before: Option<Uuid>,
) -> Result<Vec<Report>, DbError> {
    let named = conditions.iter().find_map(|condition| match condition {
        Condition::Report(id) => Some(*id),
        _ => None,
    });
    match named {
        Some(id) if before.is_none() => Ok(db.report(id).await?.into_iter().collect()),
        Some(_) => Ok(Vec::new()),
        None => db.reports(before, PAGE).await,
    }
}

async fn fits(db: &Database, report: &Report, conditions: &[Condition]) -> Result<bool, DbError> {
    if !conditions.iter().all(|condition| condition.allows(report)) {
        return Ok(false);
    }
    if !conditions.iter().any(Condition::is_about_transcript) {
        return Ok(true);
    }
    let transcript = db.newest_recognition(report.id).await?;
    Ok(transcript.is_some_and(|it| conditions.iter().all(|condition| condition.fits(&it))))
}

/// Queues a report, or notes why not.
async fn take(
    db: &Database,
    report: &Report,
    model: Option<&str>,
    found: &mut Found,
) -> Result<Option<Hint>, DbError> {
    if report.state != ReportState::Ready {
        found.not_ready.push(report.id);
        return Ok(None);
    }
    let hint = match model {
        Some(model) => db.recognize_again(report.id, model, db.now()).await?,
        None => None,
    };
    let taken = hint.is_some() || (model.is_none() && rests(db, report).await?);
    if taken {
        found.queued += 1;
    } else {
        found.at_work.push(report.id);
    }
    Ok(hint)
}

/// Whether nothing works on the report.
async fn rests(db: &Database, report: &Report) -> Result<bool, DbError> {
    let tasks = db.tasks(report.id).await?;
    Ok(report.state.may_be_recognized_again(tasks.iter().map(|task| task.state)))
}

//! Goes through all reports, newest first, and queues those that are meant.

use huibao_models::backends::Backends;
use huibao_models::domain::job::JobMessage;
use huibao_models::domain::report::{Report, ReportState};
use huibao_models::store::{Store, StoreError};
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
    backends: &Backends,
    conditions: &[Condition],
    model: Option<&str>,
    announce: impl AsyncFn(Vec<JobMessage>),
) -> Result<Found, StoreError> {
    let store = &backends.store;
    let mut found = Found::default();
    let mut page = next_page(store, conditions, None).await?;
    while let Some(oldest) = page.last().map(|report| report.id) {
        let mut messages = Vec::new();
        for report in &page {
            if fits(store, report, conditions).await? {
                messages.extend(take(store, report, model, &mut found).await?);
            }
        }
        announce(messages).await;
        page = next_page(store, conditions, Some(oldest)).await?;
    }
    Ok(found)
}

/// The reports older than `before`. One that is named need not be looked for.
async fn next_page(
    store: &Store,
    conditions: &[Condition],
    before: Option<Uuid>,
) -> Result<Vec<Report>, StoreError> {
    let named = conditions.iter().find_map(|condition| match condition {
        Condition::Report(id) => Some(*id),
        _ => None,
    });
    match named {
        Some(id) if before.is_none() => Ok(store.report(id).await?.into_iter().collect()),
        Some(_) => Ok(Vec::new()),
        None => store.reports(before, PAGE).await,
    }
}

async fn fits(
    store: &Store,
    report: &Report,
    conditions: &[Condition],
) -> Result<bool, StoreError> {
    if !conditions.iter().all(|condition| condition.allows(report)) {
        return Ok(false);
    }
    if !conditions.iter().any(Condition::is_about_transcript) {
        return Ok(true);
    }
    let transcript = store.newest_recognition(report.id).await?;
    Ok(transcript.is_some_and(|it| conditions.iter().all(|condition| condition.fits(&it))))
}

/// Queues a report, or notes why not.
async fn take(
    store: &Store,
    report: &Report,
    model: Option<&str>,
    found: &mut Found,
) -> Result<Option<JobMessage>, StoreError> {
    if report.state != ReportState::Ready {
        found.not_ready.push(report.id);
        return Ok(None);
    }
    let message = match model {
        Some(model) => store.recognize_again(report.id, model, store.now()).await?,
        None => None,
    };
    let taken = message.is_some() || (model.is_none() && rests(store, report).await?);
    if taken {
        found.queued += 1;
    } else {
        found.at_work.push(report.id);
    }
    Ok(message)
}

/// Whether nothing works on the report.
async fn rests(store: &Store, report: &Report) -> Result<bool, StoreError> {
    let jobs = store.jobs(report.id).await?;
    Ok(report.state.may_be_recognized_again(jobs.iter().map(|job| job.state)))
}

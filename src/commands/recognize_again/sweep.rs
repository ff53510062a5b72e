//! Goes through all reports, newest first, and queues those that are meant.

use huibao_models::backends::Backends;
use huibao_models::domain::actor::Actor;
use huibao_models::domain::ids::ReportId;
use huibao_models::domain::job::JobMessage;
use huibao_models::domain::submission::{Submission, SubmissionState};
use huibao_models::store::{ReportOverview, Store, StoreError};

use super::condition::Condition;

/// Reports that are in memory at once. Of their transcripts, there is never more than one.
const PAGE: u32 = 100;

/// What became of the reports that fit.
#[derive(Debug, Default)]
pub struct Found {
    /// How many were queued, or would have been.
    pub queued: u64,
    /// Left out: there is nothing to recognise again yet.
    pub not_ready: Vec<ReportId>,
    /// Left out: this is under way.
    pub at_work: Vec<ReportId>,
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
    while let Some(oldest) = page.last().map(|overview| overview.report.id) {
        let mut messages = Vec::new();
        for overview in &page {
            if fits(store, overview, conditions).await? {
                messages.extend(take(store, overview, model, &mut found).await?);
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
    before: Option<ReportId>,
) -> Result<Vec<ReportOverview>, StoreError> {
    let named = conditions.iter().find_map(|condition| match condition {
        Condition::Report(id) => Some(*id),
        _ => None,
    });
    if named.is_some() && before.is_some() {
        return Ok(Vec::new());
    }
    let mut snapshot = store.snapshot().await?;
    match named {
        Some(id) => Ok(snapshot.reports().overview(id).await?.into_iter().collect()),
        None => snapshot.reports().newest(before, PAGE).await,
    }
}

async fn fits(
    store: &Store,
    overview: &ReportOverview,
    conditions: &[Condition],
) -> Result<bool, StoreError> {
    if !conditions.iter().all(|condition| condition.allows(overview)) {
        return Ok(false);
    }
    if !conditions.iter().any(Condition::is_about_transcript) {
        return Ok(true);
    }
    let Some(submission) = &overview.submission else { return Ok(false) };
    let mut snapshot = store.snapshot().await?;
    let transcript = snapshot.transcripts().newest_recognition(submission.id).await?;
    Ok(transcript.is_some_and(|it| conditions.iter().all(|condition| condition.fits(&it))))
}

/// Queues a report, or notes why not. Returns the messages that this makes due.
async fn take(
    store: &Store,
    overview: &ReportOverview,
    model: Option<&str>,
    found: &mut Found,
) -> Result<Vec<JobMessage>, StoreError> {
    let id = overview.report.id;
    let readable = |submission: &&Submission| submission.state == SubmissionState::Ready;
    let Some(submission) = overview.submission.as_ref().filter(readable) else {
        found.not_ready.push(id);
        return Ok(Vec::new());
    };
    let mut messages = Vec::new();
    let taken = match model {
        Some(model) => {
            let mut unit = store.begin(Actor::System, store.now()).await?;
            let taken = unit.jobs().recognize_again(submission.id, model).await?;
            messages = unit.commit().await?;
            taken
        }
        None => is_idle(store, submission).await?,
    };
    if taken {
        found.queued += 1;
    } else {
        found.at_work.push(id);
    }
    Ok(messages)
}

/// Whether nothing works on the submission.
async fn is_idle(store: &Store, submission: &Submission) -> Result<bool, StoreError> {
    let jobs = store.snapshot().await?.jobs().of_submission(submission.id).await?;
    Ok(submission.state.may_be_recognized_again(jobs.iter().map(|job| job.state)))
}

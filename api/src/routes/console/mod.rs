//! What operators see and do: jobs and workers.

pub(crate) mod dead;
pub(crate) mod jobs;
pub(crate) mod samples;
pub(crate) mod summary;
pub(crate) mod workers;

use std::collections::HashMap;

use huibao_models::domain::access::{Action, Resource};
use huibao_models::domain::audit::Subject;
use huibao_models::domain::failure::Lang;
use huibao_models::domain::ids::{ReportId, SubmissionId};
use huibao_models::domain::job::Job;
use huibao_models::store::{Snapshot, StoreError};

use crate::caller::Caller;
use crate::request_error::RequestError;
use crate::state::ApiState;
use crate::view::JobView;

/// Asks the rules whether somebody looks after the installation.
fn check(state: &ApiState, caller: &Caller) -> Result<(), RequestError> {
    caller.check(state, Action::ManageSystem, &Resource::System, Subject::system())
}

/// Jobs with the reports that they are about.
async fn views(
    snapshot: &mut Snapshot,
    jobs: Vec<Job>,
    lang: Lang,
) -> Result<Vec<JobView>, StoreError> {
    let mut ids: Vec<SubmissionId> = jobs.iter().filter_map(|job| job.submission).collect();
    ids.sort_unstable();
    ids.dedup();
    let submissions = snapshot.submissions().of_ids(&ids).await?;
    let reports: HashMap<SubmissionId, ReportId> =
        submissions.into_iter().map(|(id, submission)| (id, submission.report_id)).collect();
    let view = |job: Job| {
        let report = job.submission.and_then(|id| reports.get(&id).copied());
        JobView::new(job, report, lang)
    };
    Ok(jobs.into_iter().map(view).collect())
}

//! Reports as lists show them.

use huibao_models::domain::ids::PersonId;
use huibao_models::domain::submission::FileKind;
use huibao_models::store::{ReportOverview, Snapshot, StoreError};

use crate::view::{Beside, ReportSummary};

/// Reads what else a reader is shown of reports, and sums each of them up, with links below `root`.
pub(crate) async fn summaries(
    snapshot: &mut Snapshot,
    overviews: &[&ReportOverview],
    reader: PersonId,
    root: &str,
) -> Result<Vec<ReportSummary>, StoreError> {
    let reports: Vec<_> = overviews.iter().map(|overview| overview.report.id).collect();
    let current: Vec<_> =
        overviews.iter().filter_map(|overview| overview.report.current_submission).collect();
    let posters = snapshot.submissions().with_file(FileKind::Poster, &current).await?;
    let transcripts = snapshot.transcripts().current_numbers(&current).await?;
    let comments = snapshot.comments().newest_of_others(&reports, reader).await?;
    let summary = |overview: &&ReportOverview| {
        let submission = overview.submission.as_ref();
        let beside = Beside {
            has_poster: submission.is_some_and(|own| posters.contains(&own.id)),
            transcript: submission.and_then(|own| transcripts.get(&own.id).copied()),
            commented_at: comments.get(&overview.report.id).copied(),
        };
        ReportSummary::new(&overview.report, submission, beside, root)
    };
    Ok(overviews.iter().map(summary).collect())
}

//! How everybody stands in a round, and what they handed in: in the branches that the one who asked reviews.

use huibao_models::domain::access::{Access, Action, Resource, may};
use huibao_models::domain::branch::BranchPath;
use huibao_models::domain::export::{Export, ExportFormat};
use huibao_models::domain::failure::Failure;
use huibao_models::domain::ids::{ReportId, RoundId};
use huibao_models::domain::round::{Participant, Round};
use huibao_models::export::paper::{Mark, RoundReport, RoundRow, RoundTable, file_stem, table};
use huibao_models::store::{ReportOverview, Snapshot};

use super::archive;
use super::asker::{Asker, gone};
use super::made::Made;
use crate::jobs::Attempt;

/// Makes the sheet, or the archive that has it.
pub(super) async fn make(
    attempt: &Attempt,
    asker: &Asker,
    export: &Export,
    id: RoundId,
) -> Result<Made, Failure> {
    let Loaded { table: rows, reports } = load(attempt, asker, id, &export.branches).await?;
    let sheet = sheet(rows.clone(), asker.mark.clone()).await?;
    match export.format {
        ExportFormat::Archive => {
            let archive = Box::pin(archive::make(attempt, asker, sheet, &reports));
            let (path, reports) = archive.await?;
            let name = file_name(&rows.title, "全部材料", export.format);
            Ok(Made { path, name, reports })
        }
        ExportFormat::Docx | ExportFormat::Pdf | ExportFormat::Table => {
            let path = attempt.scratch().await?.join("table.xlsx");
            tokio::fs::write(&path, sheet).await?;
            let name = file_name(&rows.title, "名单", export.format);
            Ok(Made { path, name, reports: Vec::new() })
        }
    }
}

/// The name of a round's file.
fn file_name(title: &str, what: &str, format: ExportFormat) -> String {
    format!("{}.{}", file_stem([title, what], what), format.extension())
}

async fn sheet(rows: RoundTable, mark: Mark) -> Result<Vec<u8>, Failure> {
    let written = tokio::task::spawn_blocking(move || table(&rows, &mark)).await;
    Ok(written.map_err(Failure::internal)??)
}

struct Loaded {
    table: RoundTable,
    /// What the one who asked may read of what was handed in, in the order of the rows.
    reports: Vec<ReportId>,
}

async fn load(
    attempt: &Attempt,
    asker: &Asker,
    id: RoundId,
    branches: &[BranchPath],
) -> Result<Loaded, Failure> {
    let now = attempt.store.now();
    let mut snapshot = attempt.store.snapshot().await?;
    let round = snapshot.rounds().get(id).await?;
    let round = round.ok_or_else(|| gone("there is no such round"))?;
    if !asker.principal.reviews_all(branches) {
        return Err(gone("who asked does not review the branches any more"));
    }
    let mut people: Vec<Participant> = Vec::new();
    for branch in branches {
        people.extend(snapshot.rounds().participants(&round, branch, None, u32::MAX, now).await?);
    }
    people.sort_by_key(|one| one.person);
    people.dedup_by_key(|one| one.person);
    // As people look for them.
    people.sort_by(|a, b| {
        (&a.branch, &a.number, &a.display_name).cmp(&(&b.branch, &b.number, &b.display_name))
    });
    let (mut rows, mut reports) = (Vec::new(), Vec::new());
    for one in people {
        let report = match one.report {
            Some(id) => handed_in(&mut snapshot, asker, id).await?,
            None => None,
        };
        reports.extend(one.report.filter(|_| report.is_some()));
        rows.push(row(one, report));
    }
    Ok(Loaded { table: of(round, rows), reports })
}

fn of(round: Round, rows: Vec<RoundRow>) -> RoundTable {
    let Round { title, branch, period, deadline, .. } = round;
    RoundTable { title, branch, period, deadline, rows }
}

fn row(one: Participant, report: Option<RoundReport>) -> RoundRow {
    RoundRow {
        name: one.display_name,
        number: one.number,
        branch: one.branch,
        standing: one.standing,
        exception: one.exception,
        report,
    }
}

/// What somebody has handed in; `None` for what is not for the one who asked.
async fn handed_in(
    snapshot: &mut Snapshot,
    asker: &Asker,
    id: ReportId,
) -> Result<Option<RoundReport>, Failure> {
    let overview = snapshot.reports().overview(id).await?;
    let Some(ReportOverview { report, submission: Some(current) }) = overview else {
        return Ok(None);
    };
    if may(&asker.principal, Action::Read, &Resource::from(&report)) != Access::Allowed {
        return Ok(None);
    }
    let all = snapshot.submissions().of_report(id).await?;
    let first_at = all.iter().map(|submission| submission.created_at).min();
    let decision = snapshot.reviews().decisions(id).await?.into_iter().next();
    Ok(Some(RoundReport {
        title: report.title,
        state: report.state,
        first_at: first_at.unwrap_or(current.created_at),
        handed_in_at: current.created_at,
        version: current.version,
        decision,
    }))
}

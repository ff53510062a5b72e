//! Export: makes the file that somebody takes out of the system, of a report or of a round.
//!
//! What may be in it is asked when it is made, for the one who asked: between the two, a report can be taken back
//! and a role can end.

mod archive;
mod asker;
mod made;
mod report;
mod round;

use std::path::{Path, PathBuf};

use asker::{Asker, gone};
use async_trait::async_trait;
use huibao_models::domain::export::{Export, ExportFormat, ExportSubject};
use huibao_models::domain::failure::{Failure, FailureCode};
use huibao_models::domain::ids::{ExportId, ReportId};
use huibao_models::domain::job::Urgency;
use huibao_models::export::paper::document;
use huibao_models::store::{EXPORT_JOB, ExportResult, NoResult, Outcome};
use made::Made;
use serde::Deserialize;

use super::office::{self, OfficeFormat};
use super::{Attempt, JobKind};

pub(super) struct MakeExport;

#[derive(Deserialize, Default)]
struct Payload {
    export: Option<ExportId>,
}

#[async_trait]
impl JobKind for MakeExport {
    fn name(&self) -> &'static str {
        EXPORT_JOB
    }

    fn urgency(&self) -> Urgency {
        Urgency::Low
    }

    async fn run(&self, attempt: &Attempt) -> Result<Box<dyn Outcome>, Failure> {
        let payload: Payload = attempt.payload()?;
        let Some(id) = payload.export else { return Ok(Box::new(NoResult)) };
        let now = attempt.store.now();
        let export = attempt.store.snapshot().await?.exports().get(id, now).await?;
        // Nobody can fetch it any more.
        let Some(export) = export else { return Ok(Box::new(NoResult)) };
        let asker = Asker::load(attempt, export.requested_by).await?;
        let made = match export.subject {
            ExportSubject::Report(report) => {
                Box::pin(of_report(attempt, &asker, &export, report)).await?
            }
            ExportSubject::Round(round) => {
                Box::pin(round::make(attempt, &asker, &export, round)).await?
            }
        };
        let file = made.keep(attempt, &export).await?;
        let (person, reports) = (export.requested_by, made.reports);
        Ok(Box::new(ExportResult { export: id, person, file, reports }))
    }
}

async fn of_report(
    attempt: &Attempt,
    asker: &Asker,
    export: &Export,
    id: ReportId,
) -> Result<Made, Failure> {
    let report = report::load(attempt, asker, id).await?;
    let report = report.ok_or_else(|| gone("the report cannot be read"))?;
    let folder = office::folder(attempt).await?;
    let written = folder.join("report.docx");
    tokio::fs::write(&written, document(&report, &asker.mark)?).await?;
    let path = match export.format {
        ExportFormat::Pdf => pdf(attempt, &written, &folder.join("report.pdf")).await?,
        ExportFormat::Docx | ExportFormat::Archive | ExportFormat::Table => written,
    };
    let name = format!("{}.{}", report::stem(&report), export.format.extension());
    Ok(Made { path, name, reports: vec![id] })
}

async fn pdf(attempt: &Attempt, document: &Path, output: &Path) -> Result<PathBuf, Failure> {
    let missing =
        || Failure::new(FailureCode::PdfConverterMissing, "the setting libreoffice finds none");
    let libreoffice = attempt.config.libreoffice.clone().ok_or_else(missing)?;
    let converted = office::convert(attempt, libreoffice, document, output, OfficeFormat::Pdf);
    converted.await.map_err(|failure| match failure.code {
        // The document is ours: it is not the user's fault if it cannot be opened.
        FailureCode::WrittenBroken => Failure::internal(failure.detail),
        _ => failure,
    })?;
    Ok(output.to_owned())
}

//! The written report: the text of a document, and photographed pages.

use std::path::{Path, PathBuf};

use huibao_models::domain::failure::FailureCode::{ChildCrashed, ResourceLimit, WrittenBroken};
use huibao_models::domain::failure::{Failure, FailureCode};
use huibao_models::domain::submission::{FileKind, StoredFile, WrittenContent};

use crate::child::{ChildOutput, FileTask, GIB, ResourceLimits, unexpected};
use crate::jobs::Attempt;
use crate::jobs::office::{self, OfficeFormat};

/// Reading a document, or a photo.
const READING: ResourceLimits =
    ResourceLimits { memory_bytes: 2 * GIB, cpu_seconds: 120, file_bytes: 0 };

/// Making a page of a photo. The largest take nearly two gigabytes while they are turned.
const PAGE: ResourceLimits =
    ResourceLimits { memory_bytes: 4 * GIB, cpu_seconds: 120, file_bytes: GIB };

/// What the document says; `None` if there is none.
pub(super) async fn content(attempt: &Attempt) -> Result<Option<WrittenContent>, Failure> {
    let Some((file, document)) = attempt.fetch(FileKind::Written).await? else { return Ok(None) };
    match read(attempt, &document, &file.name).await {
        Err(failure) if failure.code == FailureCode::WrittenOldFormat => {
            convert(attempt, document, failure).await.map(Some)
        }
        read => read.map(Some),
    }
}

async fn read(attempt: &Attempt, document: &Path, name: &str) -> Result<WrittenContent, Failure> {
    let (document, name) = (document.to_owned(), name.to_owned());
    let max_bytes = attempt.config.max_written_bytes;
    match attempt.child(FileTask::Written { document, name, max_bytes }, READING).await? {
        ChildOutput::Written(content) => Ok(content),
        other => Err(unexpected(&other)),
    }
}

/// What a document says whose format is read only after LibreOffice has converted it. Without that, `otherwise`
/// says what its author can do.
async fn convert(
    attempt: &Attempt,
    document: PathBuf,
    otherwise: Failure,
) -> Result<WrittenContent, Failure> {
    let Some(libreoffice) = attempt.config.libreoffice.clone() else { return Err(otherwise) };
    let converted = office::folder(attempt).await?.join("converted.docx");
    let made =
        office::convert(attempt, libreoffice, &document, &converted, OfficeFormat::Docx).await;
    match made {
        Ok(()) => read(attempt, &converted, "converted.docx").await,
        // What it cannot take, the program that wrote it can still save in another format.
        Err(Failure { code: WrittenBroken | ChildCrashed | ResourceLimit, detail }) => {
            Err(Failure::new(FailureCode::WrittenOldFormat, format!("not converted: {detail}")))
        }
        Err(failure) => Err(failure),
    }
}

/// The photographed pages as readers see them, in their order.
pub(super) async fn pages(attempt: &Attempt) -> Result<Vec<StoredFile>, Failure> {
    let mut pages = Vec::new();
    for (number, (_, photo)) in (1..).zip(attempt.fetch_all(FileKind::Page).await?) {
        let name = format!("page-{number}.jpg");
        let page = attempt.scratch().await?.join(&name);
        let max_bytes = attempt.config.max_written_bytes;
        match attempt.child(FileTask::Page { photo, page: page.clone(), max_bytes }, PAGE).await? {
            ChildOutput::Files => {}
            other => return Err(unexpected(&other)),
        }
        pages.push(attempt.keep(FileKind::PageImage, &name, &page).await?);
    }
    Ok(pages)
}

//! Converting documents by LibreOffice, in a child of its own.

use std::path::{Path, PathBuf};
use std::time::Duration;

use huibao_models::domain::failure::{Failure, FailureCode};
use tokio::time::timeout;

use super::Attempt;
use crate::child::{ChildOutput, FileTask, GIB, ResourceLimits, unexpected};
pub(super) use crate::written::OfficeFormat;

/// LibreOffice reserves more address space than it uses.
const LIMITS: ResourceLimits =
    ResourceLimits { memory_bytes: 4 * GIB, cpu_seconds: 120, file_bytes: GIB };

/// Longer than converting the largest document takes.
const WITHIN: Duration = Duration::from_mins(3);

/// A folder of its own for outputs, in which LibreOffice also makes its profile.
pub(super) async fn folder(attempt: &Attempt) -> Result<PathBuf, Failure> {
    let folder = attempt.scratch().await?.join("office");
    tokio::fs::create_dir_all(&folder).await?;
    Ok(folder)
}

/// Writes a document in another format to `output`, which is in [`folder`].
pub(super) async fn convert(
    attempt: &Attempt,
    libreoffice: PathBuf,
    document: &Path,
    output: &Path,
    to: OfficeFormat,
) -> Result<(), Failure> {
    let (document, output) = (document.to_owned(), output.to_owned());
    let task = FileTask::Convert { libreoffice, document, output, to };
    // It can wait for itself without end.
    let answer = timeout(WITHIN, attempt.child(task, LIMITS)).await;
    let hangs = |_| Err(Failure::new(FailureCode::ResourceLimit, "it hangs"));
    match answer.unwrap_or_else(hangs)? {
        ChildOutput::Files => Ok(()),
        other => Err(unexpected(&other)),
    }
}

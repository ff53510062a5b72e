//! The photographed pages of a written report.

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, Method};
use axum::response::Response;
use huibao_models::domain::ids::ReportId;
use huibao_models::domain::submission::{FileKind, StoredFile};
use serde::Deserialize;

use super::files::{FileBytes, send};
use crate::access::{Permitted, Read, ReportAccess};
use crate::audit;
use crate::error::ApiError;
use crate::file_name::Disposition;
use crate::request_error::RequestError;
use crate::state::ApiState;
use crate::view::ErrorBody;

/// Which page: the first is 1.
#[derive(Deserialize)]
pub(crate) struct PageNumber {
    pub(crate) number: usize,
}

macro_rules! page_routes {
    ($($(#[$doc:meta])* $name:ident = $path:literal, $kind:ident, $disposition:ident, $type:literal;)*) => {
        $(
            $(#[$doc])*
            #[utoipa::path(get, path = $path, tag = "files",
                params(("id" = Uuid, Path),
                    ("number" = u32, Path, minimum = 1, description = "Which page: the first is 1")),
                responses(
                    (status = 200, description = "The file", content_type = $type,
                        body = FileBytes),
                    (status = 206, description = "The requested range",
                        content_type = $type, body = FileBytes),
                    (status = 304, description = "Unchanged"),
                    (status = 307, description = "To a link into the storage that works for a while",
                        headers(("Location" = String, description = "The link"))),
                    (status = 404, description = "`not_found`, `not_ready`", body = ErrorBody),
                    (status = 416, description = "`range_not_satisfiable`", body = ErrorBody)))]
            pub(crate) async fn $name(
                State(state): State<ApiState>,
                permitted: Permitted<Read>,
                number: Result<Path<PageNumber>, PathRejection>,
                method: Method,
                headers: HeaderMap,
            ) -> Result<Response, ApiError> {
                let Ok(Path(PageNumber { number })) = number else {
                    return Err(RequestError::NotFound.into());
                };
                let file = find(&state, permitted.id(), FileKind::$kind, number).await?;
                let ReportAccess { caller, report } = &permitted.access;
                audit::fetched(&state, caller, report, FileKind::$kind.as_str()).await?;
                send(&state, &file, Disposition::$disposition, &method, &headers).await
            }
        )*
    };
}

page_routes! {
    /// A photographed page of the written report, upright.
    image = "/api/v1/reports/{id}/pages/{number}", PageImage, Inline, "image/jpeg";
    /// The photo of a page as it was handed in, as an attachment.
    original = "/api/v1/reports/{id}/pages/{number}/original", Page, Attachment, "*/*";
}

async fn find(
    state: &ApiState,
    id: ReportId,
    kind: FileKind,
    number: usize,
) -> Result<StoredFile, ApiError> {
    let mut snapshot = state.store.snapshot().await?;
    let report = snapshot.reports().get(id).await?.ok_or(RequestError::NotFound)?;
    let submission = report.current_submission.ok_or(RequestError::NotFound)?;
    let files = snapshot.submissions().files(submission).await?;
    let nth = |kind| {
        let index = number.checked_sub(1)?;
        files.iter().filter(|file| file.kind == kind).nth(index).cloned()
    };
    // A photo is there, its picture is not made yet.
    let missing =
        if nth(FileKind::Page).is_some() { RequestError::NotReady } else { RequestError::NotFound };
    Ok(nth(kind).ok_or(missing)?)
}

//! The transcript as a file: its current version, or a requested one.

use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use huibao_models::domain::failure::Failure;
use huibao_models::domain::ids::ReportId;
use huibao_models::domain::transcript::Transcript;
use huibao_models::export;
use serde::Deserialize;

use crate::access::{Permitted, Read, ReportAccess};
use crate::audit;
use crate::error::ApiError;
use crate::extract::Params;
use crate::file_name::{Disposition, content_disposition, sanitize};
use crate::request_error::RequestError;
use crate::state::ApiState;
use crate::view::{ErrorBody, TranscriptFile};

type Render = fn(&Transcript) -> Result<String, Failure>;

/// Which version.
#[derive(Deserialize)]
pub(crate) struct VersionParams {
    version: Option<u32>,
}

macro_rules! transcript_routes {
    ($($(#[$doc:meta])* $name:ident = $path:literal, $type:literal, $body:ty, $render:expr;)*) => {
        $(
            $(#[$doc])*
            #[utoipa::path(get, path = $path, tag = "files",
                params(("id" = Uuid, Path),
                    ("version" = Option<u32>, Query, minimum = 1,
                        description = "Which version; the current one if not given")),
                responses(
                    (status = 200, description = "The transcript", content_type = $type,
                        body = $body),
                    (status = 400, description = "`bad_request`", body = ErrorBody),
                    (status = 404, description = "`not_found`, `not_ready`", body = ErrorBody)))]
            pub(crate) async fn $name(
                State(state): State<ApiState>,
                permitted: Permitted<Read>,
                Params(params): Params<VersionParams>,
            ) -> Result<Response, ApiError> {
                let ReportAccess { caller, report } = &permitted.access;
                audit::fetched(&state, caller, report, stringify!($name)).await?;
                let (title, transcript) = find(&state, permitted.id(), params.version).await?;
                let render: Render = $render;
                let text = render(&transcript)?;
                Ok(attach(&title, stringify!($name), $type, text))
            }
        )*
    };
}

transcript_routes! {
    /// The transcript as `WebVTT`.
    vtt = "/api/v1/reports/{id}/transcript.vtt", "text/vtt; charset=utf-8", String,
        |transcript| Ok(export::to_vtt(transcript));
    /// The transcript as `SubRip`.
    srt = "/api/v1/reports/{id}/transcript.srt", "text/plain; charset=utf-8", String,
        |transcript| Ok(export::to_srt(transcript));
    /// The transcript as plain text.
    txt = "/api/v1/reports/{id}/transcript.txt", "text/plain; charset=utf-8", String,
        |transcript| Ok(export::to_txt(transcript));
    /// The transcript as JSON, with everything that is known about it; times in milliseconds.
    json = "/api/v1/reports/{id}/transcript.json", "application/json", TranscriptFile,
        |transcript| export::to_json(transcript).map_err(Failure::internal);
}

async fn find(
    state: &ApiState,
    id: ReportId,
    version: Option<u32>,
) -> Result<(String, Transcript), ApiError> {
    let mut snapshot = state.store.snapshot().await?;
    let report = snapshot.reports().get(id).await?.ok_or(RequestError::NotFound)?;
    let submission = report.current_submission.ok_or(RequestError::NotFound)?;
    let transcript = match version {
        Some(version) => snapshot.transcripts().of_version(submission, version).await?,
        None => snapshot.transcripts().current(submission).await?,
    };
    Ok((report.title, transcript.ok_or(RequestError::NotReady)?))
}

fn attach(title: &str, ending: &str, content_type: &'static str, text: String) -> Response {
    let stem = sanitize(&title.replace(['/', '\\'], " "), "transcript");
    let name = format!("{stem}.{ending}");
    let disposition = content_disposition(Disposition::Attachment, &name);
    let headers = [
        (header::CONTENT_TYPE, content_type.to_owned()),
        (header::CONTENT_DISPOSITION, disposition),
    ];
    (headers, text).into_response()
}

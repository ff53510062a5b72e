//! Uploads of files by tus 1.0.

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use uuid::Uuid;

use crate::caller::Caller;
use crate::error::ApiError;
use crate::extract::IdPath;
use crate::request_error::RequestError;
use crate::state::ApiState;
use crate::uploads::protocol::{self, Concat, EXTENSIONS, FOLDER, VERSION};
use crate::uploads::receive::{assemble, receive};
use crate::uploads::{self, begin, finish};
use crate::view::ErrorBody;

/// What the server speaks, and how much it takes.
#[utoipa::path(options, path = "/api/v1/uploads/", tag = "uploads",
    responses((status = 204, description = "`Tus-Version`, `Tus-Extension`, `Tus-Max-Size`, \
        `Tus-Checksum-Algorithm`")))]
pub(crate) async fn options(State(state): State<ApiState>, _: Caller) -> Response {
    let mut response = answer(StatusCode::NO_CONTENT);
    let headers = response.headers_mut();
    headers.insert("tus-version", HeaderValue::from_static(VERSION));
    headers.insert("tus-extension", HeaderValue::from_static(EXTENSIONS));
    headers.insert("tus-max-size", HeaderValue::from(state.config.limits.max_video_bytes));
    let algorithms = HeaderValue::from_static(uploads::CHECKSUM_ALGORITHMS);
    headers.insert("tus-checksum-algorithm", algorithms);
    response
}

/// Begins an upload of a file of a draft, and takes its first bytes if there are any.
///
/// `Upload-Metadata` has `report_id`, `role` (`video` or `written`) and `filename`. A written report whose
/// name is that of a photo is a page: pages stand side by side, in the order in which they were begun. With
/// `Upload-Concat: partial`, it is a part of a file, and with `final;…` it is put together from parts.
#[utoipa::path(post, path = "/api/v1/uploads/", tag = "uploads",
    params(
        ("Tus-Resumable" = String, Header, description = "`1.0.0`"),
        ("Upload-Length" = Option<u64>, Header, description = "Size of the file in bytes"),
        ("Upload-Defer-Length" = Option<u32>, Header, description = "`1`: it is told later"),
        ("Upload-Metadata" = Option<String>, Header, description = "Keys and values in Base64"),
        ("Upload-Concat" = Option<String>, Header, description = "`partial` or `final;…`")),
    responses(
        (status = 201, description = "Begun", headers(
            ("Location" = String, description = "Where its bytes go"),
            ("Upload-Offset" = u64, description = "How many have arrived"),
            ("Upload-Expires" = String, description = "Until when it is kept if nobody continues it"))),
        (status = 400, description = "`bad_request`", body = ErrorBody),
        (status = 404, description = "`not_found`: no such report", body = ErrorBody),
        (status = 409, description = "`not_a_draft`", body = ErrorBody),
        (status = 412, description = "`unsupported_tus_version`", body = ErrorBody),
        (status = 413, description = "`too_large`, `written_too_large`", body = ErrorBody),
        (status = 415, description = "`written_unsupported`", body = ErrorBody),
        (status = 422, description = "`not_media`, `empty_file`", body = ErrorBody)))]
pub(crate) async fn create(
    State(state): State<ApiState>,
    caller: Caller,
    request: Request,
) -> Result<Response, ApiError> {
    let (parts, body) = request.into_parts();
    let headers = parts.headers;
    check_version(&headers)?;
    let mut upload = begin::begin(&state, &caller, &headers).await?;
    let mut offset = 0;
    if matches!(protocol::concat(&headers)?, Concat::Final(_)) {
        upload = assemble(&state, &caller, upload).await?;
        offset = upload.length.unwrap_or_default();
    } else if protocol::has_bytes(&headers) {
        let id = upload.id;
        match receive(&state, &caller, upload, 0, &headers, body).await {
            Ok(received) => (upload, offset) = received,
            Err(error) => return Err(give_up(&state, &caller, id, error).await),
        }
    } else if upload.length == Some(0) {
        upload = finish::finish(&state, &caller, upload).await?;
    }
    let mut response = answer(StatusCode::CREATED);
    let location = HeaderValue::try_from(format!("{FOLDER}{}", upload.id));
    let location = location.map_err(huibao_models::domain::failure::Failure::internal)?;
    response.headers_mut().insert(header::LOCATION, location);
    protocol::describe(&mut response, &upload, offset);
    Ok(response)
}

/// The client does not learn where an upload is that was refused with its first bytes.
async fn give_up(state: &ApiState, caller: &Caller, id: Uuid, error: ApiError) -> ApiError {
    let removed = async {
        let upload = uploads::find(state, caller, id).await?;
        finish::remove(state, caller, &upload).await
    };
    if let Err(error) = removed.await {
        tracing::warn!(%error, "an upload that was refused stays behind");
    }
    error
}

/// How many bytes have arrived.
#[utoipa::path(head, path = "/api/v1/uploads/{id}", tag = "uploads",
    params(("id" = Uuid, Path), ("Tus-Resumable" = String, Header, description = "`1.0.0`")),
    responses(
        (status = 200, description = "`Upload-Offset`, `Upload-Length`, `Upload-Expires`"),
        (status = 404, description = "`not_found`"),
        (status = 410, description = "`upload_gone`"),
        (status = 412, description = "`unsupported_tus_version`"),
        (status = 423, description = "`upload_locked`")))]
pub(crate) async fn head(
    State(state): State<ApiState>,
    caller: Caller,
    IdPath(id): IdPath<Uuid>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    check_version(&headers)?;
    let mut upload = uploads::find(&state, &caller, id).await?;
    if upload.parts.is_some() {
        upload = assemble(&state, &caller, upload).await?;
    }
    let offset = finish::offset(&state, &upload).await?;
    let upload = finish::settle(&state, &caller, upload, offset).await?;
    let mut response = answer(StatusCode::OK);
    protocol::describe_wholly(&mut response, &upload, offset);
    Ok(response)
}

/// Appends bytes at an offset. With `Upload-Checksum`, at most 64 MiB, and nothing unless it fits.
#[utoipa::path(patch, path = "/api/v1/uploads/{id}", tag = "uploads",
    params(("id" = Uuid, Path),
        ("Tus-Resumable" = String, Header, description = "`1.0.0`"),
        ("Upload-Offset" = u64, Header, description = "How many bytes have arrived"),
        ("Upload-Length" = Option<u64>, Header, description = "If it was not known before"),
        ("Upload-Checksum" = Option<String>, Header, description = "`sha1` or `sha256`, and Base64")),
    request_body(content_type = "application/offset+octet-stream"),
    responses(
        (status = 204, description = "Appended",
            headers(("Upload-Offset" = u64, description = "How many bytes have arrived"))),
        (status = 400, description = "`bad_request`, `bad_upload`", body = ErrorBody),
        (status = 403, description = "`forbidden`: it is put together from parts", body = ErrorBody),
        (status = 404, description = "`not_found`", body = ErrorBody),
        (status = 409, description = "`wrong_offset`", body = ErrorBody),
        (status = 410, description = "`upload_gone`", body = ErrorBody),
        (status = 412, description = "`unsupported_tus_version`", body = ErrorBody),
        (status = 413, description = "`too_large`, `written_too_large`", body = ErrorBody),
        (status = 415, description = "`unsupported_type`, `written_unsupported`", body = ErrorBody),
        (status = 422, description = "`not_media`", body = ErrorBody),
        (status = 423, description = "`upload_locked`", body = ErrorBody),
        (status = 460, description = "`upload_checksum_mismatch`", body = ErrorBody)))]
pub(crate) async fn patch(
    State(state): State<ApiState>,
    caller: Caller,
    IdPath(id): IdPath<Uuid>,
    request: Request,
) -> Result<Response, ApiError> {
    let (parts, body) = request.into_parts();
    let headers = parts.headers;
    check_version(&headers)?;
    if !protocol::has_bytes(&headers) {
        return Err(RequestError::UnsupportedType.into());
    }
    let offset = protocol::offset(&headers)?;
    let upload = uploads::find(&state, &caller, id).await?;
    let (upload, offset) = receive(&state, &caller, upload, offset, &headers, body).await?;
    let mut response = answer(StatusCode::NO_CONTENT);
    protocol::describe(&mut response, &upload, offset);
    Ok(response)
}

/// Gives an upload up, finished or not.
#[utoipa::path(delete, path = "/api/v1/uploads/{id}", tag = "uploads",
    params(("id" = Uuid, Path), ("Tus-Resumable" = String, Header, description = "`1.0.0`")),
    responses(
        (status = 204, description = "Removed"),
        (status = 404, description = "`not_found`", body = ErrorBody),
        (status = 412, description = "`unsupported_tus_version`", body = ErrorBody)))]
pub(crate) async fn remove(
    State(state): State<ApiState>,
    caller: Caller,
    IdPath(id): IdPath<Uuid>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    check_version(&headers)?;
    let upload = uploads::find(&state, &caller, id).await?;
    finish::remove(&state, &caller, &upload).await?;
    Ok(answer(StatusCode::NO_CONTENT))
}

fn check_version(headers: &HeaderMap) -> Result<(), ApiError> {
    Ok(protocol::check_version(headers)?)
}

fn answer(status: StatusCode) -> Response {
    (status, [("tus-resumable", VERSION)]).into_response()
}

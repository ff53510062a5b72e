//! Uploads by tus 1.0 (<https://tus.io/protocols/resumable-upload>): files that arrive over several
//! requests, whatever happens in between.
//!
//! `protocol` reads and writes the headers; `begin` makes an upload, `receive` appends to it, `finish` makes
//! it a file of a draft; `writer` lets one request at a time write, in whichever process.

pub(crate) mod begin;
mod checksum;
pub(crate) mod finish;
mod first_bytes;
pub(crate) mod protocol;
pub(crate) mod receive;
mod writer;

pub(crate) use checksum::ALGORITHMS as CHECKSUM_ALGORITHMS;

use huibao_models::domain::access::Action;
use huibao_models::domain::upload::{Purpose, Upload, UploadRole};
use uuid::Uuid;

use crate::caller::Caller;
use crate::error::ApiError;
use crate::request_error::RequestError;
use crate::state::ApiState;

/// The upload with this id, if its file is the caller's to change.
pub(crate) async fn find(state: &ApiState, caller: &Caller, id: Uuid) -> Result<Upload, ApiError> {
    let upload = state.store.snapshot().await?.uploads().get(id).await?;
    let upload = upload.ok_or(RequestError::NotFound)?;
    match upload.purpose {
        Purpose::File { report, .. } => {
            caller.report(state, report, Action::Edit).await?;
        }
        Purpose::Part if upload.person != caller.person() => {
            return Err(RequestError::NotFound.into());
        }
        Purpose::Part => {}
    }
    Ok(upload)
}

/// The most bytes that an upload may have.
fn limit(state: &ApiState, purpose: Purpose) -> u64 {
    let limits = &state.config.limits;
    match purpose {
        Purpose::File { role: UploadRole::Written | UploadRole::Page, .. } => {
            limits.max_written_bytes
        }
        Purpose::File { role: UploadRole::Video, .. } | Purpose::Part => limits.max_video_bytes,
    }
}

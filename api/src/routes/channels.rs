//! Channels: programs and chat groups that are told of what happens in a branch.

use axum::Json;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use huibao_models::domain::access::{Action, Resource};
use huibao_models::domain::audit::Subject;
use huibao_models::domain::branch::BranchPath;
use huibao_models::domain::channel::Channel;
use huibao_models::domain::person::Role;
use url::Url;
use uuid::Uuid;

use crate::caller::Caller;
use crate::error::ApiError;
use crate::extract::{self, IdPath};
use crate::file_name::without_controls;
use crate::request_error::RequestError;
use crate::state::ApiState;
use crate::view::{ChannelBody, ChannelList, ChannelView, ErrorBody, NewChannel};

const NAME_CHARS: usize = 100;
const URL_CHARS: usize = 1000;
const SECRET_CHARS: usize = 200;

/// The channels of the branches that one is an operator of.
#[utoipa::path(get, path = "/api/v1/channels", tag = "notices",
    responses((status = 200, description = "The channels", body = ChannelList),
        (status = 403, description = "`forbidden`: no operator", body = ErrorBody)))]
pub(crate) async fn list(
    State(state): State<ApiState>,
    caller: Caller,
) -> Result<Json<ChannelList>, ApiError> {
    let branches: Vec<BranchPath> = caller.principal.branches(Role::Operator).cloned().collect();
    if branches.is_empty() {
        return Err(RequestError::Forbidden.into());
    }
    let mut snapshot = state.store.snapshot().await?;
    let mut channels = Vec::new();
    for branch in branches {
        channels.extend(snapshot.channels().within(&branch).await?);
    }
    channels.sort_by_key(|channel| channel.id);
    channels.dedup_by_key(|channel| channel.id);
    Ok(Json(ChannelList { channels: channels.into_iter().map(ChannelView::from).collect() }))
}

/// Has a program or a chat group told of what happens in a branch and below it. Chat groups are told no names
/// and no titles: their members may not be allowed to read reports.
#[utoipa::path(post, path = "/api/v1/channels", tag = "notices",
    request_body = NewChannel,
    responses((status = 201, description = "Added", body = ChannelBody,
            headers(("Location" = String, description = "URL of the channel"))),
        (status = 400, description = "`bad_request`, `field_too_long`", body = ErrorBody),
        (status = 403, description = "`forbidden`: no operator of this branch", body = ErrorBody)))]
pub(crate) async fn add(
    State(state): State<ApiState>,
    caller: Caller,
    extract::Json(given): extract::Json<NewChannel>,
) -> Result<Response, ApiError> {
    let branch: BranchPath = given.branch.parse().map_err(|_| RequestError::BadRequest)?;
    let subject = Subject::branch(&branch);
    caller.check(&state, Action::ManagePeople, &Resource::Branch(&branch), subject)?;
    let url: Url = given.url.parse().map_err(|_| RequestError::BadRequest)?;
    if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
        return Err(RequestError::BadRequest.into());
    }
    let channel = Channel {
        id: Uuid::now_v7(),
        branch,
        kind: given.kind,
        name: without_controls(given.name.trim()),
        url: url.into(),
        secret: given.secret.replace('\0', ""),
        events: given.events,
        created_at: state.store.now(),
    };
    let chars = |text: &str| text.chars().count();
    if chars(&channel.name) > NAME_CHARS
        || chars(&channel.url) > URL_CHARS
        || chars(&channel.secret) > SECRET_CHARS
    {
        return Err(RequestError::FieldTooLong.into());
    }
    let mut unit = caller.begin_durable(&state).await?;
    unit.channels().insert(&channel).await?;
    unit.commit().await?;
    let location = [(header::LOCATION, format!("/api/v1/channels/{}", channel.id))];
    let body = ChannelBody { channel: channel.into() };
    Ok((StatusCode::CREATED, location, Json(body)).into_response())
}

/// Removes a channel: it is told nothing more.
#[utoipa::path(delete, path = "/api/v1/channels/{id}", tag = "notices", params(("id" = Uuid, Path)),
    responses((status = 204, description = "Removed"),
        (status = 404, description = "`not_found`: also one of a branch that one does not manage", body = ErrorBody)))]
pub(crate) async fn remove(
    State(state): State<ApiState>,
    caller: Caller,
    IdPath(id): IdPath<Uuid>,
) -> Result<StatusCode, ApiError> {
    let channel = state.store.snapshot().await?.channels().get(id).await?;
    let channel = channel.ok_or(RequestError::NotFound)?;
    let what = Resource::Branch(&channel.branch);
    if caller.check(&state, Action::ManagePeople, &what, Subject::channel(id)).is_err() {
        // Whether there is one elsewhere is nobody's business.
        return Err(RequestError::NotFound.into());
    }
    let mut unit = caller.begin_durable(&state).await?;
    unit.channels().remove(id).await?;
    unit.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

//! Rosters: in and out.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use huibao_models::credentials::NewSecret;
use huibao_models::domain::access::{Access, Action, Resource};
use huibao_models::domain::audit::{AuditAction, Subject};
use huibao_models::domain::branch::BranchPath;
use huibao_models::domain::failure::{Failure, Lang};
use huibao_models::domain::ids::PersonId;
use huibao_models::domain::person::{Grant, Role};
use huibao_models::roster::{self, ExportedPerson, RosterChange, RosterReport};
use huibao_models::store::PeopleFilter;
use serde::Deserialize;
use serde_json::json;

use super::list::{branch, everywhere};
use crate::caller::Caller;
use crate::error::ApiError;
use crate::extract::{Locale, Params};
use crate::request_error::RequestError;
use crate::sign_in::hash_password;
use crate::state::ApiState;
use crate::view::{ErrorBody, ImportView, ImportedPerson, RosterProblem};

/// People of an export are read in batches of so many.
const BATCH: u32 = 1000;

/// How to import.
#[derive(Deserialize)]
pub(crate) struct ImportParams {
    #[serde(default)]
    dry_run: bool,
    #[serde(default)]
    passwords: bool,
}

/// Takes over a roster: a `.csv` or `.xlsx` of at most 5 MB with columns for number, name and branch (学号, 姓名,
/// 支部), and if one likes role, login and email. People are told apart by their number, so a roster can be taken
/// over again. If there are problems, nothing is changed.
#[utoipa::path(post, path = "/api/v1/people/import", tag = "people",
    params(("dry_run" = Option<bool>, Query, description = "Say what would change, and change nothing"),
        ("passwords" = Option<bool>, Query, description = "Make a password for everybody who is new"),
        ("lang" = Option<String>, Query, description = "Language of messages: `zh` or `en`")),
    request_body(content = Vec<u8>, content_type = "application/octet-stream", description = "The file"),
    responses((status = 200, description = "What would change, or has changed", body = ImportView),
        (status = 403, description = "`forbidden`: one manages nobody", body = ErrorBody),
        (status = 413, description = "`body_too_large`", body = ErrorBody),
        (status = 422, description = "`bad_roster`: the file cannot be read", body = ErrorBody)))]
pub(crate) async fn import(
    State(state): State<ApiState>,
    Locale(lang): Locale,
    caller: Caller,
    Params(params): Params<ImportParams>,
    body: Result<Bytes, axum::extract::rejection::BytesRejection>,
) -> Result<Json<ImportView>, ApiError> {
    // Before the file is looked at: whoever manages nobody has no business here.
    if caller.principal.branches(Role::Operator).next().is_none() {
        let root = BranchPath::root();
        let subject = Subject::branch(&root);
        caller.check(&state, Action::ManagePeople, &Resource::Branch(&root), subject)?;
    }
    let body = body.map_err(|_| RequestError::BodyTooLarge)?;
    let rows = tokio::task::spawn_blocking(move || roster::read(&body));
    let rows = rows.await.map_err(Failure::internal)?;
    let parsed = roster::parse(&rows.map_err(|_| RequestError::BadRoster)?);
    let may = |grants: &[Grant], new: &Grant| {
        let here = caller.may(Action::ManagePeople, &Resource::Branch(&new.branch));
        // Somebody new can be made anything here. What somebody is already must be the importer's business.
        let id = PersonId::new();
        let known = grants.is_empty()
            || caller.may(Action::ManagePeople, &Resource::Person { id, grants })
                == Access::Allowed;
        here == Access::Allowed && known
    };
    let mut unit = caller.begin_durable(&state).await?;
    let report = roster::import(&mut unit, parsed, may).await?;
    let imported = report.bad.is_empty() && !params.dry_run;
    let mut view = view(&report, lang, imported);
    if imported {
        unit.commit().await?;
    } else {
        drop(unit);
    }
    if imported && params.passwords {
        // After the rows: hashing takes long, and would hold up every other writer.
        give_passwords(&state, &caller, &mut view.people).await?;
    }
    Ok(Json(view))
}

fn view(report: &RosterReport, lang: Lang, imported: bool) -> ImportView {
    let added = report.rows.iter().filter(|row| row.change == RosterChange::Added);
    let person = |row: &roster::RosterRowReport| ImportedPerson {
        id: row.id.uuid(),
        number: row.row.number.as_str().to_owned(),
        display_name: row.row.display_name.clone(),
        name: row.row.login.as_str().to_owned(),
        password: None,
    };
    let problem = |bad: &roster::BadRow| RosterProblem {
        line: bad.line,
        code: bad.problem.as_str().to_owned(),
        message: bad.problem.message(lang).to_owned(),
        value: bad.value.clone(),
    };
    ImportView {
        imported,
        added: report.count(RosterChange::Added),
        changed: report.count(RosterChange::Changed),
        unchanged: report.count(RosterChange::Unchanged),
        problems: report.bad.iter().map(problem).collect(),
        people: added.map(person).collect(),
    }
}

async fn give_passwords(
    state: &ApiState,
    caller: &Caller,
    people: &mut [ImportedPerson],
) -> Result<(), ApiError> {
    for person in people {
        let password = NewSecret::password().map_err(Failure::internal)?;
        let hash = hash_password(state, password.expose().to_owned()).await?;
        let mut unit = caller.begin(state).await?;
        unit.people().set_password_hash(person.id.into(), &hash, None).await?;
        unit.commit().await?;
        person.password = Some(password.expose().to_owned());
    }
    Ok(())
}

/// Whom to export.
#[derive(Deserialize)]
pub(crate) struct ExportParams {
    branch: Option<String>,
}

/// The people of the branches that one looks after, as a `.csv` that can be imported again. Nothing in it is a
/// formula.
#[utoipa::path(get, path = "/api/v1/people/export", tag = "people",
    params(("branch" = Option<String>, Query, description = "Only those of this branch and below")),
    responses((status = 200, description = "The table", content_type = "text/csv; charset=utf-8", body = String),
        (status = 400, description = "`bad_request`", body = ErrorBody),
        (status = 403, description = "`forbidden`: one looks after no branch, or not this one", body = ErrorBody)))]
pub(crate) async fn export(
    State(state): State<ApiState>,
    caller: Caller,
    Params(params): Params<ExportParams>,
) -> Result<Response, ApiError> {
    let within = match &params.branch {
        Some(path) => Some(vec![branch(&state, &caller, path)?]),
        None => everywhere(&caller)?,
    };
    let mut filter = PeopleFilter { within: within.clone(), ..PeopleFilter::default() };
    let mut people = Vec::new();
    loop {
        let page = state.store.snapshot().await?.people().page(&filter, BATCH).await?;
        filter.after = page.last().map(|entry| entry.person.id);
        let full = page.len() == BATCH as usize;
        people.extend(
            page.into_iter()
                .map(|entry| ExportedPerson { person: entry.person, grants: entry.grants }),
        );
        if !full {
            break;
        }
    }
    let within = within.unwrap_or_else(|| vec![BranchPath::root()]);
    let table = roster::export(&people, &within);
    let mut unit = caller.begin(&state).await?;
    for branch in &within {
        let detail = json!({ "people": people.len() });
        unit.audit().record(AuditAction::PeopleExported, Subject::branch(branch), detail).await?;
    }
    unit.commit().await?;
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("text/csv; charset=utf-8")),
        (
            header::CONTENT_DISPOSITION,
            HeaderValue::from_static("attachment; filename=\"people.csv\""),
        ),
    ];
    Ok((headers, table).into_response())
}

//! What requests tell the audit log beside the changes that they make, which tell it themselves: who looked at
//! what, and what was refused.

use huibao_models::domain::access::Action;
use huibao_models::domain::audit::{AuditAction, Subject};
use huibao_models::domain::export::Export;
use huibao_models::domain::report::Report;
use serde_json::{Value, json};
use tracing::Instrument;

use crate::caller::Caller;
use crate::error::ApiError;
use crate::state::ApiState;

/// Writes down that somebody other than its author looks at a report. Nothing is shown before it is written.
pub(crate) async fn viewed(
    state: &ApiState,
    caller: &Caller,
    report: &Report,
) -> Result<(), ApiError> {
    read(state, caller, report, AuditAction::ReportViewed, json!({})).await
}

/// Writes down that somebody other than its author looks at a report that is shown as an example.
pub(crate) async fn viewed_example(
    state: &ApiState,
    caller: &Caller,
    report: &Report,
) -> Result<(), ApiError> {
    read(state, caller, report, AuditAction::ReportViewed, json!({ "as": "example" })).await
}

/// Writes down that somebody other than its author fetches a file of a report.
pub(crate) async fn fetched(
    state: &ApiState,
    caller: &Caller,
    report: &Report,
    file: &str,
) -> Result<(), ApiError> {
    read(state, caller, report, AuditAction::FileFetched, json!({ "file": file })).await
}

/// Writes down that somebody looked for words and was shown sentences of reports of others.
pub(crate) async fn searched<'r>(
    state: &ApiState,
    caller: &Caller,
    words: &str,
    found: impl Iterator<Item = &'r Report>,
) -> Result<(), ApiError> {
    let others = found.filter(|report| report.author != Some(caller.person()));
    let reports: Vec<_> = others.map(|report| report.id).collect();
    if reports.is_empty() {
        return Ok(());
    }
    let detail = json!({ "words": words, "reports": reports });
    if state.recently.is_new(caller.person(), AuditAction::Searched, detail.to_string()) {
        let mut unit = caller.begin(state).await?;
        unit.audit().record(AuditAction::Searched, Subject::system(), detail).await?;
        unit.commit().await?;
    }
    Ok(())
}

/// Writes down that somebody fetches the file of an export.
pub(crate) async fn export_fetched(
    state: &ApiState,
    caller: &Caller,
    export: &Export,
) -> Result<(), ApiError> {
    let action = AuditAction::ExportFetched;
    if state.recently.is_new(caller.person(), action, export.id.to_string()) {
        let detail = json!({ "export": export.id, "format": export.format });
        let mut unit = caller.begin(state).await?;
        unit.audit().record(action, export.subject, detail).await?;
        unit.commit().await?;
    }
    Ok(())
}

async fn read(
    state: &ApiState,
    caller: &Caller,
    report: &Report,
    action: AuditAction,
    detail: Value,
) -> Result<(), ApiError> {
    if report.author == Some(caller.person()) {
        return Ok(());
    }
    let what = format!("{} {detail}", report.id);
    if state.recently.is_new(caller.person(), action, what) {
        let mut unit = caller.begin(state).await?;
        unit.audit().record(action, report.id, detail).await?;
        unit.commit().await?;
    }
    Ok(())
}

/// Writes down that the rules did not allow something: in the background, so that what is hidden takes no longer
/// than what is not there.
pub(crate) fn refused(state: &ApiState, caller: &Caller, action: Action, subject: Subject) {
    let wanted = action.as_str();
    if !state.recently.is_new(caller.person(), AuditAction::Refused, format!("{subject} {wanted}"))
    {
        return;
    }
    let (state, caller) = (state.clone(), caller.clone());
    let write = async move {
        let mut unit = caller.begin(&state).await?;
        unit.audit().record(AuditAction::Refused, subject, json!({ "wanted": wanted })).await?;
        unit.commit().await?;
        Ok::<(), ApiError>(())
    };
    tokio::spawn(
        async move {
            if let Err(error) = write.await {
                tracing::error!(%error, "a refusal is missing from the audit log");
            }
        }
        .in_current_span(),
    );
}

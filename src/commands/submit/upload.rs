//! Handing in: a draft, its files, and the end of it. What was interrupted goes on where it stopped.

use std::path::PathBuf;
use std::time::Duration;

use huibao_api::view::{Info, ReportBody, UploadLimits};
use huibao_models::domain::failure::{Failure, FailureCode};
use huibao_models::domain::ids::ReportId;
use huibao_models::domain::report::VisibleState;
use huibao_models::domain::upload::UploadRole;
use indicatif::ProgressBar;
use reqwest::{Method, Response, StatusCode};
use serde_json::{Value, json};
use tokio::time::sleep;

use super::args::Args;
use super::refusal;
use super::resume::Progress;
use super::server::Server;
use super::tus::{self, Outgoing};
use crate::commands::bars::upload_bar;
use crate::commands::parse::written_role;
use crate::exit::CommandError;

/// Timeout of small requests.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);

/// Tries at the last request, which can be repeated.
const SUBMIT_TRIES: u32 = 5;

/// Hands a report in and returns it.
pub async fn upload(server: &Server, args: &Args) -> Result<ReportBody, CommandError> {
    let files = Files::look(args)?;
    // Before megabytes are sent: the server may be unavailable or refuse the size.
    files.check(&ask_limits(server).await?)?;
    let bar = upload_bar(server.lang, files.bytes());
    let form = form(args);
    let paths: Vec<_> = args.written.iter().chain([&args.video]).map(PathBuf::as_path).collect();
    let mut progress = Progress::find(server, &paths, &form.to_string());
    let handed_in = hand_in(server, &form, &files, &mut progress, &bar).await;
    bar.finish_and_clear();
    if handed_in.is_ok() {
        progress.forget();
    }
    handed_in
}

/// What is told of the report beside its files.
fn form(args: &Args) -> Value {
    let mut form = json!({
        "title": args.title,
        "speaker": args.speaker,
        "language": args.language,
        "kind": args.kind,
        "period": args.period,
    });
    if let Some(branch) = &args.branch {
        form["branch"] = json!(branch);
    }
    form
}

async fn hand_in(
    server: &Server,
    form: &Value,
    files: &Files,
    progress: &mut Progress,
    bar: &ProgressBar,
) -> Result<ReportBody, CommandError> {
    let id = match earlier(server, progress).await? {
        Earlier::Draft(id) => id,
        Earlier::HandedIn(report) => return Ok(*report),
        Earlier::None => {
            let id = begin(server, form).await?;
            progress.begin(id);
            id
        }
    };
    // The small ones first: they may be refused.
    let sent = async {
        for file in &files.0 {
            tus::send(server, id, file, progress, bar).await?;
        }
        submit(server, id).await
    };
    let handed_in = sent.await;
    if handed_in.as_ref().is_err_and(CommandError::needs_other_input) {
        // Going on would end in the same way.
        discard(server, id).await;
        progress.forget();
    }
    handed_in
}

/// Removes the draft. If this fails, its author finds it among their reports.
async fn discard(server: &Server, id: ReportId) {
    let request = server.request(Method::DELETE, &["reports", &id.to_string()]);
    if let Err(error) = request.timeout(REQUEST_TIMEOUT).send().await {
        tracing::debug!(%error, "a draft stays behind");
    }
}

async fn ask_limits(server: &Server) -> Result<UploadLimits, CommandError> {
    let request = server.request(Method::GET, &["info"]).timeout(REQUEST_TIMEOUT);
    let response = request.send().await.map_err(|error| refusal::unreachable(server, &error))?;
    let status = response.status();
    if !status.is_success() {
        return Err(refusal::refused(server, response).await);
    }
    let text = response.text().await.map_err(|error| refusal::unreachable(server, &error))?;
    let info: Info =
        serde_json::from_str(&text).map_err(|_| refusal::unexpected(server, status))?;
    Ok(info.limits)
}

/// What an earlier run has left.
enum Earlier {
    /// Nothing, or what is gone or was taken back meanwhile.
    None,
    /// A draft.
    Draft(ReportId),
    /// All of it was done, and only the answer was lost.
    HandedIn(Box<ReportBody>),
}

async fn earlier(server: &Server, progress: &Progress) -> Result<Earlier, CommandError> {
    let Some(id) = progress.report else { return Ok(Earlier::None) };
    let response = ask(server, id).await.map_err(|error| refusal::unreachable(server, &error))?;
    if [StatusCode::NOT_FOUND, StatusCode::GONE].contains(&response.status()) {
        return Ok(Earlier::None);
    }
    let body = report(server, response).await?;
    Ok(match (body.report.summary.state, &body.report.submission) {
        (VisibleState::Draft, None) => Earlier::Draft(id),
        (VisibleState::Draft | VisibleState::Returned | VisibleState::Withdrawn, _) | (_, None) => {
            Earlier::None
        }
        (_, Some(_)) => Earlier::HandedIn(Box::new(body)),
    })
}

async fn ask(server: &Server, id: ReportId) -> Result<Response, reqwest::Error> {
    let request = server.request(Method::GET, &["reports", &id.to_string()]);
    request.timeout(REQUEST_TIMEOUT).send().await
}

/// Begins a draft. It is not tried again when the answer is lost: there would be two.
async fn begin(server: &Server, form: &Value) -> Result<ReportId, CommandError> {
    let request = server.request(Method::POST, &["reports"]).timeout(REQUEST_TIMEOUT);
    let response = request.json(form).send().await;
    let response = response.map_err(|error| refusal::unreachable(server, &error))?;
    Ok(report(server, response).await?.id.into())
}

/// Makes the draft a submission.
async fn submit(server: &Server, id: ReportId) -> Result<ReportBody, CommandError> {
    let mut tries = 0;
    loop {
        match submit_once(server, id, tries > 0).await {
            Err(error) if error.may_pass() && tries + 1 < SUBMIT_TRIES => tries += 1,
            last => return last,
        }
        sleep(tus::delay(tries)).await;
    }
}

/// If an answer may have been lost, the report tells whether it is handed in. Handing it in once more would
/// not: a file that was no good is refused at once, and the report takes another one then.
async fn submit_once(
    server: &Server,
    id: ReportId,
    again: bool,
) -> Result<ReportBody, CommandError> {
    if again && let Some(found) = handed_in(server, id).await? {
        return Ok(found);
    }
    let request = server.request(Method::POST, &["reports", &id.to_string(), "submit"]);
    let response = request.timeout(REQUEST_TIMEOUT).send().await;
    let response = response.map_err(|error| refusal::broken_upload(server, &error))?;
    // The request whose answer was lost was quicker.
    if response.status() == StatusCode::CONFLICT
        && let Some(found) = handed_in(server, id).await?
    {
        return Ok(found);
    }
    report(server, response).await
}

/// The report, if anything is handed in.
async fn handed_in(server: &Server, id: ReportId) -> Result<Option<ReportBody>, CommandError> {
    let response = ask(server, id).await.map_err(|error| refusal::broken_upload(server, &error))?;
    let found = report(server, response).await?;
    Ok(Some(found).filter(|found| found.report.submission.is_some()))
}

async fn report(server: &Server, response: Response) -> Result<ReportBody, CommandError> {
    let status = response.status();
    if !status.is_success() {
        return Err(refusal::refused(server, response).await);
    }
    let text = response.text().await.map_err(|error| refusal::broken_upload(server, &error))?;
    serde_json::from_str(&text).map_err(|_| refusal::unexpected(server, status))
}

/// The files that are handed in, the video last.
struct Files(Vec<Outgoing>);

impl Files {
    fn look(args: &Args) -> Result<Self, Failure> {
        let mut files = Vec::new();
        for (number, path) in (1..).zip(&args.written) {
            let role = written_role(path);
            let label = match role {
                UploadRole::Page => format!("{role}-{number}"),
                _ => role.to_string(),
            };
            files.push(Outgoing::look(role, label, path)?);
        }
        let video = UploadRole::Video;
        files.push(Outgoing::look(video, video.to_string(), &args.video)?);
        Ok(Self(files))
    }

    fn bytes(&self) -> u64 {
        self.0.iter().map(|file| file.length).sum()
    }

    fn check(&self, limits: &UploadLimits) -> Result<(), Failure> {
        for file in &self.0 {
            let (limit, code) = match file.role {
                UploadRole::Video => (limits.max_video_bytes, FailureCode::TooLarge),
                _ => (limits.max_written_bytes, FailureCode::WrittenTooLarge),
            };
            if file.length > limit {
                let detail = format!("{} bytes; the server accepts at most {limit}", file.length);
                return Err(Failure::new(code, detail));
            }
        }
        Ok(())
    }
}

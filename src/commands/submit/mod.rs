//! `huibao submit`: submits a report to a running server, and follows it with `--wait`.

mod args;
mod follow;
mod refusal;
mod resume;
mod server;
mod tus;
mod upload;

use std::process::ExitCode;
use std::time::Instant;

use huibao_api::view::ReportBody;
use huibao_models::domain::failure::{Failure, FailureCode, Lang};
use serde_json::json;
use url::Url;

use self::server::Server;
use super::bars::Bars;
use super::parse::check_files;
use crate::exit::CommandError;
use crate::settings::Settings;
use crate::signals::shutdown_token;

pub use self::args::Args;

/// Runs the command.
pub async fn run(settings: Settings, args: Args) -> Result<ExitCode, CommandError> {
    let lang = settings.lang();
    check_files(&args.video, &args.written)?;
    let server = Server::new(&args.server, &args.token, lang)?;
    let shutdown = shutdown_token().map_err(Failure::from)?;
    let started = Instant::now();
    let handed_in = tokio::select! {
        handed_in = upload::upload(&server, &args) => handed_in?,
        () = shutdown.cancelled() => return Err(stopped_uploading(lang)),
    };
    let id = handed_in.id.into();
    let page = server.page(id);
    if !args.wait {
        print_receipt(&handed_in, &page, lang, args.json);
        return Ok(ExitCode::SUCCESS);
    }
    let bars = Bars::new(lang);
    bars.note(page.as_str());
    let finished = tokio::select! {
        finished = follow::follow(&server, id, bars) => finished?,
        () = shutdown.cancelled() => return Err(stopped_waiting(page, lang)),
    };
    finished.answer(page, started.elapsed()).print(lang, args.json)?;
    Ok(ExitCode::SUCCESS)
}

#[expect(clippy::print_stdout, reason = "this is the command's answer")]
fn print_receipt(handed_in: &ReportBody, page: &Url, lang: Lang, json: bool) {
    let ReportBody { id, report } = handed_in;
    if json {
        let report = json!({ "id": id, "submission": report.submission });
        println!("{}", json!({ "report": report, "url": page.as_str() }));
    } else {
        println!("{} {id}", lang.pick("汇报：", "Report:"));
        println!("{} {page}", lang.pick("页面：", "Page:"));
    }
}

/// What was uploaded is kept.
fn stopped_uploading(lang: Lang) -> CommandError {
    let message = lang.pick(
        "已停止上传；已上传的部分会保留，再次运行同一命令即可接着上传。",
        "Stopped uploading. What was uploaded is kept: run the same command again, and it goes on.",
    );
    stopped(message, None)
}

/// The report is stored and must not be submitted again.
fn stopped_waiting(page: Url, lang: Lang) -> CommandError {
    let message = lang.pick(
        "已停止等待；汇报已经提交，服务器会继续处理，不必重新提交。",
        "Stopped waiting. The report was submitted and the server goes on; do not submit it again.",
    );
    stopped(message, Some(page))
}

fn stopped(message: &str, page: Option<Url>) -> CommandError {
    CommandError::Server {
        code: FailureCode::Interrupted.to_string(),
        message: message.to_owned(),
        exit: FailureCode::Interrupted.exit_code(),
        url: page.map(Url::into),
    }
}

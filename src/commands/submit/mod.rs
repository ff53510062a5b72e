//! `huibao submit`: hands a report to a running server, and follows it if asked to.

mod follow;
mod refusal;
mod server;
mod upload;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use huibao_models::domain::failure::{Failure, FailureCode, Lang};
use huibao_models::domain::ids::ReportId;
use serde_json::json;
use url::Url;

use self::server::Server;
use super::bars::Bars;
use super::check_files;
use crate::exit::CommandError;
use crate::settings::{Secret, Settings};
use crate::signals::shutdown_token;

const NOTES: &str = "\
With --json, standard output is exactly one JSON object: {\"report\":{\"id\":…},\"url\":…}, where url is
the report's page. With --wait it is the object of `huibao process`, with two differences: bag is
null, because the archive is on the server, and url is the report's page. A report that fails there
ends like one that fails in `huibao process`: {\"error\":{\"code\":…,\"message\":…}} and the exit code
of its kind. A server that cannot be reached is 75, one that wants another token is 69.

An upload that breaks off is tried again from its start, up to three times, as long as the server
cannot have got all of it. If the connection breaks when everything was sent, the report may have
been stored: look at the server's list before handing it in again.";

/// Flags of `huibao submit`.
#[derive(Debug, clap::Args)]
#[command(after_long_help = NOTES)]
pub struct Args {
    /// The video
    video: PathBuf,
    /// The written report (.txt, .md, .docx, .odt or .pdf)
    #[arg(long, value_name = "FILE")]
    written: Option<PathBuf>,
    /// Address of the server, such as `http://127.0.0.1:8080`
    #[arg(long, value_name = "URL")]
    server: String,
    /// The server's token; better given by the variable, because others see command lines
    #[arg(
        long,
        env = "HUIBAO_TOKEN",
        hide_env_values = true,
        default_value = "",
        hide_default_value = true
    )]
    token: Secret,
    /// Language of the speech: zh, en, … or auto [default: the server's]
    #[arg(long, value_name = "CODE", default_value = "", hide_default_value = true)]
    language: String,
    /// What the report is called
    #[arg(long, default_value = "")]
    title: String,
    /// Who speaks
    #[arg(long, default_value = "")]
    speaker: String,
    /// Wait until the report is finished and print what `huibao process` prints
    #[arg(long)]
    wait: bool,
    /// Print exactly one JSON object
    #[arg(long)]
    pub json: bool,
}

/// Runs the command.
pub async fn run(settings: Settings, args: Args) -> Result<ExitCode, CommandError> {
    let lang = settings.lang();
    check_files(&args.video, args.written.as_deref())?;
    let server = Server::new(&args.server, &args.token, lang)?;
    let shutdown = shutdown_token().map_err(Failure::from)?;
    let started = Instant::now();
    let id = tokio::select! {
        id = upload::upload(&server, &args) => id?,
        () = shutdown.cancelled() => {
            return Err(Failure::new(FailureCode::Interrupted, "stopped by a signal").into());
        }
    };
    let page = server.page(id);
    if !args.wait {
        print_receipt(id, &page, lang, args.json);
        return Ok(ExitCode::SUCCESS);
    }
    let bars = Bars::new(lang);
    bars.note(page.as_str());
    let finished = tokio::select! {
        finished = follow::follow(&server, id, bars) => finished?,
        () = shutdown.cancelled() => return Err(stopped_waiting(page, lang)),
    };
    finished.answer(id, page, started.elapsed()).print(lang, args.json)?;
    Ok(ExitCode::SUCCESS)
}

#[expect(clippy::print_stdout, reason = "this is the command's answer")]
fn print_receipt(id: ReportId, page: &Url, lang: Lang, json: bool) {
    if json {
        println!("{}", json!({ "report": { "id": id }, "url": page.as_str() }));
    } else {
        println!("{} {id}", lang.pick("汇报：", "Report:"));
        println!("{} {page}", lang.pick("页面：", "Page:"));
    }
}

/// The report is safe, so nobody should hand it in again.
fn stopped_waiting(page: Url, lang: Lang) -> CommandError {
    let message = lang.pick(
        "已停止等待；汇报已经提交，服务器会继续处理，不必重新提交。",
        "Stopped waiting. The report was handed in and the server goes on; do not hand it in again.",
    );
    CommandError::Server {
        code: FailureCode::Interrupted.to_string(),
        message: message.to_owned(),
        exit: FailureCode::Interrupted.exit_code(),
        url: Some(page.into()),
    }
}

//! `huibao process`: the whole pipeline on one file, no server.

mod output;
mod workdir;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use huibao_models::backends::Backends;
use huibao_models::domain::failure::{Failure, FailureCode};
use huibao_models::domain::ids::SubmissionId;
use huibao_models::domain::job::{Job, RetryPolicy};
use huibao_models::domain::submission::SubmissionState;
use huibao_worker::{Worker, WorkerConfig};
use tokio_util::sync::CancellationToken;

use self::output::Output;
use self::workdir::WorkDir;
use super::bars::Bars;
use super::check_files;
use super::stages::StageStatus;
use crate::exit::CommandError;
use crate::settings::Settings;
use crate::signals::shutdown_token;

/// How often the rows are looked at. They are in the page cache, and this is the most that the
/// end of a stage waits to be seen.
const LOOK: Duration = Duration::from_millis(40);

/// Flags of `huibao process`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The video
    video: PathBuf,
    /// The written report (.txt, .md, .docx, .odt or .pdf)
    #[arg(long, value_name = "FILE")]
    written: Option<PathBuf>,
    /// Folder that the archive bag is put into, as a folder named by the report's id
    #[arg(long, value_name = "DIR", default_value = "huibao-archive")]
    out: PathBuf,
    /// Language of the speech: zh, en, … or auto
    #[arg(long, value_name = "CODE", default_value = "zh")]
    language: String,
    /// What the report is called
    #[arg(long, default_value = "")]
    title: String,
    /// Who speaks
    #[arg(long, default_value = "")]
    speaker: String,
    /// Whisper model: a name such as base or small, or the path of a ggml file
    #[arg(long, value_name = "NAME|FILE")]
    pub model: Option<String>,
    /// Cores for all heavy work together [default: all]
    #[arg(long, value_name = "N")]
    pub cores: Option<u32>,
    /// Print exactly one JSON object
    #[arg(long)]
    pub json: bool,
}

/// Runs the command.
pub async fn run(settings: Settings, args: Args) -> Result<ExitCode, CommandError> {
    check(&args)?;
    let shutdown = shutdown_token().map_err(Failure::from)?;
    let started = Instant::now();
    let work = WorkDir::make(&args.out).map_err(Failure::from)?;
    // Boxed: the backends that it opens are large.
    let result = Box::pin(pipeline(&settings, &args, &work, &shutdown)).await;
    // Removed here and not by drop alone, so that a folder that stays behind is an error.
    let output = match result {
        Ok(output) => output,
        Err(failure) => {
            work.remove().map_err(Failure::from)?;
            return Err(failure.into());
        }
    };
    let bag = work.publish(&output.bag, &args.out, output.report).map_err(Failure::from)?;
    output.answer(bag, started.elapsed()).print(settings.lang(), args.json)?;
    Ok(ExitCode::SUCCESS)
}

fn check(args: &Args) -> Result<(), CommandError> {
    check_files(&args.video, args.written.as_deref())?;
    if !huibao_worker::speech::is_language(&args.language) {
        let code = &args.language;
        return Err(CommandError::Usage {
            zh: format!("不认识语言代码 {code}；例如 zh、en，或 auto 自动识别"),
            en: format!("unknown language code {code}; use zh, en, … or auto"),
        });
    }
    Ok(())
}

async fn pipeline(
    settings: &Settings,
    args: &Args,
    work: &WorkDir,
    shutdown: &CancellationToken,
) -> Result<Output, Failure> {
    let backends = work.backends().await?;
    let id = work.submit(&backends, args, settings).await?;
    let config = WorkerConfig {
        // Whoever waits at a terminal decides alone whether to try again.
        retry: RetryPolicy { max_attempts: 1, ..RetryPolicy::default() },
        grace: Duration::ZERO,
        recurring: false,
        ..settings.worker(work.scratch())
    };
    let stop = CancellationToken::new();
    let worker = tokio::spawn(Worker::new(backends.clone(), config).run(stop.clone()));
    let watched = tokio::select! {
        watched = watch(&backends, id, Bars::new(settings.lang())) => watched,
        () = shutdown.cancelled() => Err(Failure::new(FailureCode::Interrupted, "stopped by a signal")),
    };
    stop.cancel();
    worker.await.map_err(Failure::internal)?;
    let output = match watched {
        Ok(jobs) => Output::collect(&backends, work, id, &jobs).await,
        Err(failure) => Err(failure),
    };
    backends.store.close().await;
    output
}

/// Follows the jobs to their end.
async fn watch(backends: &Backends, id: SubmissionId, bars: Bars) -> Result<Vec<Job>, Failure> {
    let mut look = tokio::time::interval(LOOK);
    loop {
        look.tick().await;
        let jobs = backends.store.snapshot().await?.jobs().of_submission(id).await?;
        bars.show(jobs.iter().filter_map(StageStatus::of));
        match SubmissionState::from_jobs(jobs.iter().map(|job| job.state)) {
            SubmissionState::Ready => return Ok(jobs),
            SubmissionState::Failed => {
                let dead = jobs.into_iter().find_map(|job| job.error);
                return Err(
                    dead.unwrap_or_else(|| Failure::internal("a job died without a reason"))
                );
            }
            SubmissionState::Submitted | SubmissionState::Processing => {}
        }
    }
}

//! `huibao process`: the whole pipeline on one file, no server.

mod args;
mod output;
mod workdir;

use std::process::ExitCode;
use std::time::{Duration, Instant};

use huibao_api::view::StageView;
use huibao_models::backends::Backends;
use huibao_models::domain::failure::{Failure, FailureCode, Lang};
use huibao_models::domain::ids::SubmissionId;
use huibao_models::domain::job::{Job, RetryPolicy};
use huibao_models::domain::submission::SubmissionState;
use huibao_worker::{NoticeConfig, Worker, WorkerConfig};
use tokio_util::sync::CancellationToken;

use self::output::Output;
use self::workdir::WorkDir;
use super::bars::Bars;
use super::parse::check_files;
use crate::confinement;
use crate::exit::CommandError;
use crate::settings::Settings;
use crate::signals::shutdown_token;

pub use self::args::Args;

/// How often the rows are read. They are in the page cache, so this costs little.
const POLL: Duration = Duration::from_millis(40);

/// Runs the command.
pub async fn run(settings: Settings, args: Args) -> Result<ExitCode, CommandError> {
    check(&args)?;
    confinement::check(&settings)?;
    let shutdown = shutdown_token().map_err(Failure::from)?;
    let started = Instant::now();
    let work = WorkDir::make(&args.out).map_err(Failure::from)?;
    // Boxed: the backends that it opens are large.
    let result = Box::pin(pipeline(&settings, &args, &work, &shutdown)).await;
    // Removed here and not by drop alone, so that a failure to remove it is reported.
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
    check_files(&args.video, &args.written)?;
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
        // The user at the terminal decides whether to try again.
        retry: RetryPolicy { max_attempts: 1, ..RetryPolicy::default() },
        grace: Duration::ZERO,
        recurring: false,
        audit_key: None,
        notices: NoticeConfig::default(),
        // Whoever waits for the answer waits for the best one.
        quick_model: None,
        ..settings.worker(work.scratch())
    };
    let stop = CancellationToken::new();
    let worker = tokio::spawn(Worker::new(backends.clone(), config).run(stop.clone()));
    let watched = tokio::select! {
        watched = watch(&backends, id, settings.lang()) => watched,
        () = shutdown.cancelled() => Err(Failure::new(FailureCode::Interrupted, "stopped by a signal")),
    };
    stop.cancel();
    worker.await.map_err(Failure::internal)?;
    let output = match watched {
        Ok(jobs) => Output::collect(&backends, work, id, &jobs, settings.lang()).await,
        Err(failure) => Err(failure),
    };
    backends.store.close().await;
    output
}

/// Shows the progress of the jobs until all are done or one is dead.
async fn watch(backends: &Backends, id: SubmissionId, lang: Lang) -> Result<Vec<Job>, Failure> {
    let bars = Bars::new(lang);
    let mut poll = tokio::time::interval(POLL);
    loop {
        poll.tick().await;
        let jobs = backends.store.snapshot().await?.jobs().of_submission(id).await?;
        bars.show(&StageView::all(&jobs, lang));
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

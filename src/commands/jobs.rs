//! `huibao jobs`: lists and shows jobs, and retries dead ones.

use std::process::ExitCode;

use huibao_models::domain::failure::{Failure, Lang};
use huibao_models::domain::job::{Job, JobState, Stage};
use huibao_models::store::JobFilter;
use serde_json::{Value, json};
use uuid::Uuid;

use super::parse::parse_stage;
use crate::connect;
use crate::exit::CommandError;
use crate::settings::Settings;

/// Flags of `huibao jobs`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    verb: Verb,
    /// Print exactly one JSON object
    #[arg(long, global = true)]
    pub json: bool,
}

#[derive(Debug, clap::Subcommand)]
enum Verb {
    /// List jobs, those of the newest reports first
    List(ListArgs),
    /// Show one job with all its fields
    Show {
        /// The job's id
        id: Uuid,
    },
    /// Queue dead jobs again, with their attempts reset
    Retry(RetryArgs),
}

#[derive(Debug, clap::Args)]
struct ListArgs {
    /// Only jobs in this state
    #[arg(long, value_name = "waiting|queued|running|done|dead", value_parser = parse_state)]
    state: Option<JobState>,
    /// Only jobs of this kind: ingest, transcode, transcribe or archive
    #[arg(long, alias = "stage", value_name = "KIND", value_parser = parse_stage)]
    kind: Option<Stage>,
    /// Only jobs of this report
    #[arg(long, value_name = "ID")]
    report: Option<Uuid>,
    /// At most so many
    #[arg(long, default_value_t = 50)]
    limit: u32,
}

#[derive(Debug, clap::Args)]
struct RetryArgs {
    /// The jobs' ids
    #[arg(required_unless_present = "all_dead")]
    ids: Vec<Uuid>,
    /// Every dead job, of --kind if that is given
    #[arg(long, conflicts_with = "ids")]
    all_dead: bool,
    /// Only jobs of this kind: ingest, transcode, transcribe or archive
    #[arg(long, alias = "stage", value_name = "KIND", requires = "all_dead", value_parser = parse_stage)]
    kind: Option<Stage>,
}

/// Runs the command.
pub async fn run(settings: Settings, args: Args) -> Result<ExitCode, CommandError> {
    let lang = settings.lang();
    match args.verb {
        Verb::List(list) => {
            let store = connect::database(&settings).await?;
            let filter = JobFilter { state: list.state, stage: list.kind, report: list.report };
            let jobs = store.list_jobs(&filter, list.limit).await.map_err(Failure::from)?;
            print_list(&jobs, args.json);
        }
        Verb::Show { id } => {
            let store = connect::database(&settings).await?;
            let job = store.job(id).await.map_err(Failure::from)?;
            print_one(&job.ok_or_else(|| no_such_job(id))?, lang, args.json);
        }
        Verb::Retry(retry) => return replay(&settings, &retry, args.json).await,
    }
    Ok(ExitCode::SUCCESS)
}

async fn replay(
    settings: &Settings,
    retry: &RetryArgs,
    json: bool,
) -> Result<ExitCode, CommandError> {
    let backends = connect::backends(settings).await?;
    let ids = if retry.all_dead {
        let state = Some(JobState::Dead);
        let filter = JobFilter { state, stage: retry.kind, ..JobFilter::default() };
        let dead = backends.store.list_jobs(&filter, u32::MAX >> 1).await.map_err(Failure::from)?;
        dead.into_iter().map(|job| job.id).collect()
    } else {
        retry.ids.clone()
    };
    let (mut messages, mut skipped) = (Vec::new(), Vec::new());
    for id in ids {
        match backends.store.replay(id, backends.store.now()).await.map_err(Failure::from)? {
            Some(message) => messages.push(message),
            None => skipped.push(id),
        }
    }
    print_replayed(messages.len(), &skipped, settings.lang(), json);
    connect::announce(settings, &backends, messages).await;
    backends.queue.close().await;
    Ok(if skipped.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(65) })
}

fn no_such_job(id: Uuid) -> CommandError {
    CommandError::Usage {
        zh: format!("没有这个任务：{id}"),
        en: format!("there is no such job: {id}"),
    }
}

fn parse_state(name: &str) -> Result<JobState, String> {
    serde_json::from_value(Value::from(name))
        .map_err(|_| "use waiting, queued, running, done or dead".to_owned())
}

fn to_json(job: &Job) -> Value {
    json!({
        "id": job.id,
        "report_id": job.report_id,
        "stage": job.stage,
        "state": job.state,
        "attempt": job.attempt,
        "token": job.token,
        "worker": job.worker,
        "progress": job.progress,
        "started_at": job.started_at,
        "finished_at": job.finished_at,
        "work_seconds": job.work_ms.map(|ms| std::time::Duration::from_millis(ms).as_secs_f64()),
        "error": job.error,
        "model": job.model,
    })
}

#[expect(clippy::print_stdout, reason = "this is the command's answer")]
fn print_list(jobs: &[Job], json: bool) {
    if json {
        println!("{}", json!({ "jobs": jobs.iter().map(to_json).collect::<Vec<_>>() }));
        return;
    }
    for job in jobs {
        let why = job.error.as_ref().map(ToString::to_string).unwrap_or_default();
        let state = json!(job.state);
        let state = state.as_str().unwrap_or_default();
        println!("{}  {:<10} {state:<8} {:>2}  {why}", job.id, job.stage, job.attempt);
    }
}

#[expect(clippy::print_stdout, reason = "this is the command's answer")]
fn print_one(job: &Job, lang: Lang, json: bool) {
    let value = to_json(job);
    if json {
        println!("{}", json!({ "job": value }));
        return;
    }
    for (name, value) in value.as_object().into_iter().flatten() {
        match value {
            Value::Null => {}
            Value::String(text) => println!("{name:<14} {text}"),
            other => println!("{name:<14} {other}"),
        }
    }
    if let Some(failure) = &job.error {
        println!("{:<14} {}", "", failure.code.message(lang));
    }
}

#[expect(clippy::print_stdout, reason = "this is the command's answer")]
fn print_replayed(queued: usize, skipped: &[Uuid], lang: Lang, json: bool) {
    if json {
        println!("{}", json!({ "queued": queued, "not_dead": skipped }));
        return;
    }
    println!("{} {queued}", lang.pick("重新排队的任务数：", "jobs queued again:"));
    for id in skipped {
        println!("{} {id}", lang.pick("不存在或不是失败任务：", "not there, or not dead:"));
    }
}

//! `huibao jobs`: lists and shows jobs, and retries dead ones.

use std::collections::HashMap;
use std::path::PathBuf;
use std::process::ExitCode;

use huibao_models::domain::actor::Actor;
use huibao_models::domain::failure::{Failure, Lang};
use huibao_models::domain::ids::{JobId, ReportId, SubmissionId};
use huibao_models::domain::job::{Job, JobMessage, JobState};
use huibao_models::store::{JobFilter, Snapshot, Store, StoreError};
use huibao_worker::jobs::Kinds;
use serde_json::{Value, json};

use super::installation_args::InstallationArgs;
use crate::connect;
use crate::exit::CommandError;
use crate::settings::Settings;

/// Flags of `huibao jobs`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    verb: Verb,
    #[command(flatten)]
    pub installation: InstallationArgs,
}

#[derive(Debug, clap::Subcommand)]
enum Verb {
    /// List jobs, the newest first
    List(ListArgs),
    /// Show one job with all its fields
    Show {
        /// The job's id
        id: JobId,
    },
    /// Queue dead jobs again, with their attempts reset
    Retry(RetryArgs),
}

#[derive(Debug, clap::Args)]
struct ListArgs {
    /// Only jobs in this state
    #[arg(long, value_name = "waiting|queued|running|done|dead", value_parser = parse_state)]
    state: Option<JobState>,
    /// Only jobs of this kind, such as a stage of the pipeline
    #[arg(long, alias = "stage")]
    kind: Option<String>,
    /// Only jobs of this report
    #[arg(long, value_name = "ID")]
    report: Option<ReportId>,
    /// At most so many
    #[arg(long, default_value_t = 50)]
    limit: u32,
}

#[derive(Debug, clap::Args)]
struct RetryArgs {
    /// The jobs' ids
    #[arg(required_unless_present = "all_dead")]
    ids: Vec<JobId>,
    /// Every dead job, of --kind if that is given
    #[arg(long, conflicts_with = "ids")]
    all_dead: bool,
    /// Only jobs of this kind, such as a stage of the pipeline
    #[arg(long, alias = "stage", requires = "all_dead")]
    kind: Option<String>,
}

/// A job, and the report that it is about.
struct Shown {
    job: Job,
    report: Option<ReportId>,
}

/// Runs the command.
pub async fn run(settings: Settings, args: Args) -> Result<ExitCode, CommandError> {
    let lang = settings.lang();
    match args.verb {
        Verb::List(list) => {
            check_kind(&settings, list.kind.as_deref())?;
            let store = connect::database(&settings).await?;
            let jobs = find(&mut store.snapshot().await.map_err(Failure::from)?, list).await;
            print_list(&jobs.map_err(Failure::from)?, args.installation.json);
        }
        Verb::Show { id } => {
            let store = connect::database(&settings).await?;
            let job = get(&mut store.snapshot().await.map_err(Failure::from)?, id).await;
            let job = job.map_err(Failure::from)?.ok_or_else(|| no_such_job(id))?;
            print_one(&job, lang, args.installation.json);
        }
        Verb::Retry(retry) => {
            check_kind(&settings, retry.kind.as_deref())?;
            return replay(&settings, &retry, args.installation.json).await;
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// A misspelt kind would list nothing, as if there were no such jobs.
fn check_kind(settings: &Settings, kind: Option<&str>) -> Result<(), CommandError> {
    let Some(kind) = kind else { return Ok(()) };
    let kinds = Kinds::standard(&settings.worker(PathBuf::new()));
    if kinds.get(kind).is_some() {
        return Ok(());
    }
    let known: Vec<&str> = kinds.all().iter().map(|kind| kind.name()).collect();
    let known = known.join(", ");
    Err(CommandError::Usage {
        zh: format!("没有这种任务：{kind}。可以写：{known}"),
        en: format!("there is no such kind of job: {kind}; use {known}"),
    })
}

/// The jobs that are asked for, newest first.
async fn find(snapshot: &mut Snapshot, list: ListArgs) -> Result<Vec<Shown>, StoreError> {
    let filter = JobFilter { state: list.state, kind: list.kind, ..JobFilter::default() };
    let Some(report) = list.report else {
        let jobs = snapshot.jobs().list(&filter, list.limit).await?;
        return with_reports(snapshot, jobs).await;
    };
    let mut jobs = Vec::new();
    for submission in snapshot.submissions().of_report(report).await?.iter().rev() {
        let of_it = JobFilter { submission: Some(submission.id), ..filter.clone() };
        jobs.extend(snapshot.jobs().list(&of_it, list.limit).await?);
    }
    jobs.truncate(usize::try_from(list.limit).unwrap_or(usize::MAX));
    Ok(jobs.into_iter().map(|job| Shown { job, report: Some(report) }).collect())
}

async fn get(snapshot: &mut Snapshot, id: JobId) -> Result<Option<Shown>, StoreError> {
    let job = snapshot.jobs().get(id).await?;
    Ok(with_reports(snapshot, job.into_iter().collect()).await?.pop())
}

/// The jobs with the reports that they are about.
async fn with_reports(snapshot: &mut Snapshot, jobs: Vec<Job>) -> Result<Vec<Shown>, StoreError> {
    let mut reports: HashMap<SubmissionId, ReportId> = HashMap::new();
    for id in jobs.iter().filter_map(|job| job.submission) {
        if reports.contains_key(&id) {
            continue;
        }
        if let Some(submission) = snapshot.submissions().get(id).await? {
            reports.insert(id, submission.report_id);
        }
    }
    let shown = jobs.into_iter().map(|job| {
        let report = job.submission.and_then(|id| reports.get(&id).copied());
        Shown { job, report }
    });
    Ok(shown.collect())
}

async fn replay(
    settings: &Settings,
    retry: &RetryArgs,
    json: bool,
) -> Result<ExitCode, CommandError> {
    let backends = connect::backends(settings).await?;
    let ids = if retry.all_dead {
        let (state, kind) = (Some(JobState::Dead), retry.kind.clone());
        dead(&backends.store, &JobFilter { state, kind, ..JobFilter::default() }).await
    } else {
        Ok(retry.ids.clone())
    };
    let (mut messages, mut queued, mut skipped) = (Vec::new(), 0_usize, Vec::new());
    for id in ids.map_err(Failure::from)? {
        match replay_one(&backends.store, id).await.map_err(Failure::from)? {
            Some(due) => {
                queued += 1;
                messages.extend(due);
            }
            None => skipped.push(id),
        }
    }
    print_replayed(queued, &skipped, settings.lang(), json);
    connect::announce(settings, &backends, messages).await;
    backends.queue.close().await;
    Ok(if skipped.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(65) })
}

async fn dead(store: &Store, filter: &JobFilter) -> Result<Vec<JobId>, StoreError> {
    let jobs = store.snapshot().await?.jobs().list(filter, u32::MAX >> 1).await?;
    Ok(jobs.into_iter().map(|job| job.id).collect())
}

/// Queues a job again. Returns the messages that are due then, or `None` if it is not dead.
async fn replay_one(store: &Store, id: JobId) -> Result<Option<Vec<JobMessage>>, StoreError> {
    let mut unit = store.begin(Actor::System, store.now()).await?;
    if !unit.jobs().replay(id).await? {
        return Ok(None);
    }
    unit.commit().await.map(Some)
}

fn no_such_job(id: JobId) -> CommandError {
    CommandError::Usage {
        zh: format!("没有这个任务：{id}"),
        en: format!("there is no such job: {id}"),
    }
}

fn parse_state(name: &str) -> Result<JobState, String> {
    name.parse().map_err(|_| "use waiting, queued, running, done or dead".to_owned())
}

fn to_json(Shown { job, report }: &Shown) -> Value {
    json!({
        "id": job.id,
        "kind": job.kind,
        "report_id": report,
        "submission_id": job.submission,
        "state": job.state,
        "attempt": job.attempt,
        "token": job.token,
        "worker": job.worker,
        "progress": job.progress,
        "started_at": job.started_at,
        "finished_at": job.finished_at,
        "work_seconds": job.work_ms.map(|ms| std::time::Duration::from_millis(ms).as_secs_f64()),
        "error": job.error,
        "model": job.payload.as_ref().and_then(|payload| payload.get("model")),
    })
}

#[expect(clippy::print_stdout, reason = "this is the command's answer")]
fn print_list(jobs: &[Shown], json: bool) {
    if json {
        println!("{}", json!({ "jobs": jobs.iter().map(to_json).collect::<Vec<_>>() }));
        return;
    }
    for Shown { job, .. } in jobs {
        let why = job.error.as_ref().map(ToString::to_string).unwrap_or_default();
        let (kind, state) = (&job.kind, job.state.as_str());
        println!("{}  {kind:<10} {state:<8} {:>2}  {why}", job.id, job.attempt);
    }
}

#[expect(clippy::print_stdout, reason = "this is the command's answer")]
fn print_one(shown: &Shown, lang: Lang, json: bool) {
    let value = to_json(shown);
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
    if let Some(failure) = &shown.job.error {
        println!("{:<14} {}", "", failure.code.message(lang));
    }
}

#[expect(clippy::print_stdout, reason = "this is the command's answer")]
fn print_replayed(queued: usize, skipped: &[JobId], lang: Lang, json: bool) {
    if json {
        println!("{}", json!({ "queued": queued, "not_dead": skipped }));
        return;
    }
    println!("{} {queued}", lang.pick("重新排队的任务数：", "jobs queued again:"));
    for id in skipped {
        println!("{} {id}", lang.pick("不存在或不是失败任务：", "not there, or not dead:"));
    }
}

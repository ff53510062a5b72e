//! `huibao tasks`: what an operator sees of the pipeline, and the way back for dead tasks.

use std::process::ExitCode;

use huibao_models::db::TaskFilter;
use huibao_models::failure::{Failure, Lang};
use huibao_models::task::{Stage, Task, TaskState};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::connect;
use crate::exit::CommandError;
use crate::settings::Settings;

/// Flags of `huibao tasks`.
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
    /// List tasks, those of the newest reports first
    List(ListArgs),
    /// Show one task with all that is known of it
    Show {
        /// The task's id
        id: Uuid,
    },
    /// Queue dead tasks again, with all their attempts before them
    Retry(RetryArgs),
}

#[derive(Debug, clap::Args)]
struct ListArgs {
    /// Only tasks in this state
    #[arg(long, value_name = "waiting|queued|running|done|dead", value_parser = parse_state)]
    state: Option<TaskState>,
    /// Only tasks of this stage
    #[arg(long, value_name = "STAGE", value_parser = super::parse_stage)]
    stage: Option<Stage>,
    /// Only tasks of this report
    #[arg(long, value_name = "ID")]
    report: Option<Uuid>,
    /// At most so many
    #[arg(long, default_value_t = 50)]
    limit: u32,
}

#[derive(Debug, clap::Args)]
struct RetryArgs {
    /// The tasks' ids
    #[arg(required_unless_present = "all_dead")]
    ids: Vec<Uuid>,
    /// Every dead task, of --stage if that is given
    #[arg(long, conflicts_with = "ids")]
    all_dead: bool,
    /// Only tasks of this stage
    #[arg(long, value_name = "STAGE", requires = "all_dead", value_parser = super::parse_stage)]
    stage: Option<Stage>,
}

/// Runs the command.
pub async fn run(settings: Settings, args: Args) -> Result<ExitCode, CommandError> {
    let lang = settings.lang();
    match args.verb {
        Verb::List(list) => {
            let db = connect::database(&settings).await?;
            let filter = TaskFilter { state: list.state, stage: list.stage, report: list.report };
            let tasks = db.list_tasks(&filter, list.limit).await.map_err(Failure::from)?;
            print_list(&tasks, args.json);
        }
        Verb::Show { id } => {
            let db = connect::database(&settings).await?;
            let task = db.task(id).await.map_err(Failure::from)?;
            print_one(&task.ok_or_else(|| no_such_task(id))?, lang, args.json);
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
    let keepers = connect::keepers(settings).await?;
    let ids = if retry.all_dead {
        let state = Some(TaskState::Dead);
        let filter = TaskFilter { state, stage: retry.stage, ..TaskFilter::default() };
        let dead = keepers.db.list_tasks(&filter, u32::MAX >> 1).await.map_err(Failure::from)?;
        dead.into_iter().map(|task| task.id).collect()
    } else {
        retry.ids.clone()
    };
    let (mut hints, mut skipped) = (Vec::new(), Vec::new());
    for id in ids {
        match keepers.db.replay(id, keepers.db.now()).await.map_err(Failure::from)? {
            Some(hint) => hints.push(hint),
            None => skipped.push(id),
        }
    }
    print_replayed(hints.len(), &skipped, settings.lang(), json);
    connect::announce(settings, &keepers, hints).await;
    keepers.queue.close().await;
    Ok(if skipped.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(65) })
}

fn no_such_task(id: Uuid) -> CommandError {
    CommandError::Usage {
        zh: format!("没有这个任务：{id}"),
        en: format!("there is no such task: {id}"),
    }
}

fn parse_state(name: &str) -> Result<TaskState, String> {
    serde_json::from_value(Value::from(name))
        .map_err(|_| "use waiting, queued, running, done or dead".to_owned())
}

fn to_json(task: &Task) -> Value {
    json!({
        "id": task.id,
        "report_id": task.report_id,
        "stage": task.stage,
        "state": task.state,
        "attempt": task.attempt,
        "token": task.token,
        "worker": task.worker,
        "progress": task.progress,
        "started_at": task.started_at,
        "finished_at": task.finished_at,
        "work_seconds": task.work_ms.map(|ms| std::time::Duration::from_millis(ms).as_secs_f64()),
        "error": task.error,
        "model": task.model,
    })
}

#[expect(clippy::print_stdout, reason = "this is the command's answer")]
fn print_list(tasks: &[Task], json: bool) {
    if json {
        println!("{}", json!({ "tasks": tasks.iter().map(to_json).collect::<Vec<_>>() }));
        return;
    }
    for task in tasks {
        let why = task.error.as_ref().map(ToString::to_string).unwrap_or_default();
        let state = json!(task.state);
        let state = state.as_str().unwrap_or_default();
        println!("{}  {:<10} {state:<8} {:>2}  {why}", task.id, task.stage, task.attempt);
    }
}

#[expect(clippy::print_stdout, reason = "this is the command's answer")]
fn print_one(task: &Task, lang: Lang, json: bool) {
    let value = to_json(task);
    if json {
        println!("{}", json!({ "task": value }));
        return;
    }
    for (name, value) in value.as_object().into_iter().flatten() {
        match value {
            Value::Null => {}
            Value::String(text) => println!("{name:<14} {text}"),
            other => println!("{name:<14} {other}"),
        }
    }
    if let Some(failure) = &task.error {
        println!("{:<14} {}", "", failure.code.message(lang));
    }
}

#[expect(clippy::print_stdout, reason = "this is the command's answer")]
fn print_replayed(queued: usize, skipped: &[Uuid], lang: Lang, json: bool) {
    if json {
        println!("{}", json!({ "queued": queued, "not_dead": skipped }));
        return;
    }
    println!("{} {queued}", lang.pick("重新排队的任务数：", "tasks queued again:"));
    for id in skipped {
        println!("{} {id}", lang.pick("不存在或不是失败任务：", "not there, or not dead:"));
    }
}

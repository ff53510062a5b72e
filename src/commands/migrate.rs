//! `huibao migrate`: moves an installation to other backends, such as from one machine to many.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Instant;

use huibao_models::domain::failure::{Failure, FailureCode, Lang};
use huibao_models::transfer::{Moved, Side, TransferError, transfer};
use serde_json::json;

use super::bars::transfer_bar;
use crate::connect::{self, Place};
use crate::exit::CommandError;
use crate::installation;
use crate::settings::Settings;
use crate::signals::shutdown_token;

const HELP: &str = "\
Stop whatever works with the source first, and start nothing at the target before this is done.
The source is only read; remove it yourself once you are content.

An interrupted run goes on where it stopped: call the same again. Every file is compared with its
SHA-256 on the way and every row in the end. A target that holds other reports is refused.

URLs that hold passwords are better kept out of the command line: leave --to away and set
HUIBAO_DATABASE_URL and HUIBAO_STORAGE_URL.

With --json, standard output is exactly one object about this run:
  {\"reports\":…,\"files\":…,\"bytes\":…,\"skipped\":…,\"seconds\":…}
where skipped counts the files that were there already.";

/// Flags of `huibao migrate`.
#[derive(Debug, clap::Args)]
#[command(after_long_help = HELP)]
pub struct Args {
    /// Where everything is now [default: the database and files in the data folder]
    #[arg(long, num_args = 2, value_names = ["DATABASE_URL", "STORAGE_URL"])]
    from: Option<Vec<String>>,
    /// Where it goes [default: the settings `database_url` and `storage_url`]
    #[arg(long, num_args = 2, value_names = ["DATABASE_URL", "STORAGE_URL"])]
    to: Option<Vec<String>>,
    /// The data folder to move [default: huibao-data]
    #[arg(long, value_name = "DIR", conflicts_with = "from")]
    pub data_dir: Option<PathBuf>,
    /// Print exactly one JSON object
    #[arg(long)]
    pub json: bool,
}

/// Runs the command.
pub async fn run(settings: Settings, args: Args) -> Result<ExitCode, CommandError> {
    let shutdown = shutdown_token().map_err(Failure::from)?;
    let started = Instant::now();
    let from = source(&settings, args.from)?;
    let to = target(&settings, args.to)?;
    // Held until the end, so that nobody starts with either of them meanwhile.
    let source_lock = installation::lock_of(&from.database)?;
    let source = connect::to_read(&settings, &from).await?;
    if source_lock.is_none() {
        must_rest(&source).await?;
    }
    let _target_lock = installation::lock_target(&to.database)?;
    let target = connect::to_write(&settings, &to).await?;
    let bar = transfer_bar(source.store.extent().await.map_err(Failure::from)?.bytes);
    let shown = bar.clone();
    let progress = Arc::new(move |bytes| shown.inc(bytes));
    let moved = tokio::select! {
        moved = transfer(&source, &target, target.store.now(), progress) => moved.map_err(explain),
        () = shutdown.cancelled() => {
            Err(Failure::new(FailureCode::Interrupted, "stopped by a signal").into())
        }
    };
    bar.finish_and_clear();
    source.store.close().await;
    target.store.close().await;
    print(&moved?, started.elapsed().as_secs_f64(), settings.lang(), args.json);
    Ok(ExitCode::SUCCESS)
}

fn source(settings: &Settings, urls: Option<Vec<String>>) -> Result<Place, CommandError> {
    let (database, storage) = match pair(urls) {
        Some(pair) => pair,
        None => (settings.embedded_database_url(), settings.embedded_storage_url()?),
    };
    Ok(Place { setting: "--from", database, storage })
}

fn target(settings: &Settings, urls: Option<Vec<String>>) -> Result<Place, CommandError> {
    if let Some((database, storage)) = pair(urls) {
        return Ok(Place { setting: "--to", database, storage });
    }
    if settings.database_url.is_empty() || settings.storage_url.is_empty() {
        return Err(CommandError::Usage {
            zh: "请用 --to 数据库URL 存储URL 指定目标，或设置 HUIBAO_DATABASE_URL 和 HUIBAO_STORAGE_URL。"
                .into(),
            en: "name the target with --to DATABASE_URL STORAGE_URL, or set HUIBAO_DATABASE_URL and HUIBAO_STORAGE_URL"
                .into(),
        });
    }
    Ok(Place {
        setting: "--to",
        database: settings.database_url(),
        storage: settings.storage_url()?,
    })
}

/// Two values, which clap has counted.
fn pair(urls: Option<Vec<String>>) -> Option<(String, String)> {
    let mut urls = urls?.into_iter();
    Some((urls.next()?, urls.next()?))
}

/// A source without a lock of its own must have no workers.
async fn must_rest(source: &Side) -> Result<(), CommandError> {
    match source.store.leased_jobs(source.store.now()).await.map_err(Failure::from)? {
        0 => Ok(()),
        count => Err(CommandError::Usage {
            zh: format!("来源正在使用中：有 {count} 个任务正在运行。请先停止它的所有进程。"),
            en: format!(
                "the source is in use: {count} jobs are running; stop all of its processes first"
            ),
        }),
    }
}

fn explain(error: TransferError) -> CommandError {
    match error {
        TransferError::Stranger(id) => CommandError::Usage {
            zh: format!("目标里已有别的汇报（{id}），不能合并。请使用空的数据库和存储。"),
            en: format!(
                "the target holds another report ({id}), and installations are not merged; use an empty database and storage"
            ),
        },
        other => Failure::from(other).into(),
    }
}

#[expect(clippy::print_stdout, reason = "this is the command's answer")]
fn print(moved: &Moved, seconds: f64, lang: Lang, json: bool) {
    let Moved { reports, files, bytes, skipped } = *moved;
    if json {
        let answer = json!({
            "reports": reports, "files": files, "bytes": bytes, "skipped": skipped,
            "seconds": seconds,
        });
        println!("{answer}");
        return;
    }
    let size = indicatif::HumanBytes(bytes);
    match lang {
        Lang::Zh => println!(
            "已迁移 {reports} 份汇报、{files} 个文件（{size}），另有 {skipped} 个文件已在目标中；两边内容一致，用时 {seconds:.1} 秒。"
        ),
        Lang::En => println!(
            "moved {reports} reports and {files} files ({size}); {skipped} files were there already; both sides hold the same; {seconds:.1} s"
        ),
    }
}

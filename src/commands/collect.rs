//! `huibao collect`: removes stored objects that nobody refers to. Workers do so by themselves; this
//! is for an operator who wants to see it, or has it done now.

use std::process::ExitCode;
use std::time::Duration;

use huibao_models::collector::{self, Collected, Policy, SAFE_AGE, UPLOAD_AGE};
use huibao_models::domain::failure::{Failure, Lang};
use serde_json::json;

use super::installation_args::InstallationArgs;
use crate::connect;
use crate::exit::CommandError;
use crate::settings::Settings;

/// No upload takes longer than this between its first file and its rows.
const LEAST_AGE: Duration = Duration::from_hours(1);

/// Flags of `huibao collect`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Only objects older than this, such as 90m, 24h or 7d; an hour at least
    #[arg(long, value_name = "TIME", value_parser = parse_age, default_value_t = SAFE_AGE.into())]
    older_than: humantime::Duration,
    /// Nothing else runs: take what is younger as well. For tests that end with a look around
    #[arg(long, hide = true)]
    nothing_runs: bool,
    /// Remove nothing, only say what would be
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    pub installation: InstallationArgs,
}

fn parse_age(text: &str) -> Result<humantime::Duration, String> {
    let age: humantime::Duration = text.parse().map_err(|e| format!("{e}; use 24h, 7d, …"))?;
    if *age < LEAST_AGE {
        return Err("an upload may still be under way; use an hour at least".to_owned());
    }
    Ok(age)
}

/// Runs the command.
pub async fn run(settings: Settings, args: Args) -> Result<ExitCode, CommandError> {
    let store = connect::database(&settings).await?;
    let storage = connect::storage(&settings).await?;
    let min_age = if args.nothing_runs { Duration::ZERO } else { *args.older_than };
    let min_upload_age = min_age.max(UPLOAD_AGE);
    let policy = Policy { min_age, min_upload_age, dry_run: args.dry_run };
    let collected = collector::collect(&store, &*storage, policy, store.now()).await;
    store.close().await;
    print(&collected.map_err(Failure::from)?, &args, settings.lang());
    Ok(ExitCode::SUCCESS)
}

#[expect(clippy::print_stdout, reason = "this is the command's answer")]
fn print(collected: &Collected, args: &Args, lang: Lang) {
    let Collected { objects, uploads } = collected;
    if args.installation.json {
        let list: Vec<_> = objects
            .iter()
            .map(|object| {
                json!({
                    "key": object.key.as_str(),
                    "bytes": object.size_bytes,
                    "modified": object.modified,
                })
            })
            .collect();
        let answer = json!({
            "dry_run": args.dry_run, "objects": list, "bytes": collected.bytes(),
            "uploads": uploads,
        });
        println!("{answer}");
        return;
    }
    for object in objects {
        println!("{:>12}  {}", object.size_bytes, object.key);
    }
    let what = match (args.dry_run, objects.is_empty()) {
        (_, true) => lang.pick("没有未被引用的文件。", "every file is referred to."),
        (true, false) => lang.pick("将会删除：", "would be removed:"),
        (false, false) => lang.pick("已删除：", "removed:"),
    };
    let size = indicatif::HumanBytes(collected.bytes());
    println!(
        "{what} {} {}, {size}; {uploads} {}",
        objects.len(),
        lang.pick("个文件", "files"),
        lang.pick("个未完成的上传", "unfinished uploads")
    );
}

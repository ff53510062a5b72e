//! `huibao search`: the search index, for whoever runs the installation. Workers keep it true by themselves.

use std::process::ExitCode;

use huibao_models::domain::actor::Actor;
use huibao_models::domain::failure::Failure;
use huibao_models::indexing::index_waiting;
use serde_json::json;

use super::bars::count_bar;
use super::installation_args::InstallationArgs;
use super::unit::begin;
use crate::connect;
use crate::exit::CommandError;
use crate::settings::Settings;

/// Flags of `huibao search`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    verb: Verb,
    #[command(flatten)]
    pub installation: InstallationArgs,
}

#[derive(Debug, clap::Subcommand)]
enum Verb {
    /// Index the texts of all reports anew. Searching goes on meanwhile; what was interrupted, the workers finish
    Rebuild,
}

/// Runs the command.
#[expect(clippy::print_stdout, reason = "this is the command's answer")]
pub async fn run(settings: Settings, args: Args) -> Result<ExitCode, CommandError> {
    let lang = settings.lang();
    let store = connect::database(&settings).await?;
    let Verb::Rebuild = args.verb;
    let mut unit = begin(&store).await?;
    unit.search().mark_all().await.map_err(Failure::from)?;
    unit.commit().await.map_err(Failure::from)?;
    let all = store.snapshot().await.map_err(Failure::from)?.search().count_waiting().await;
    let all = all.map_err(Failure::from)?;
    let bar = count_bar(u64::from(all));
    let indexed = index_waiting(&store, &Actor::System, |done| bar.set_position(done.into())).await;
    bar.finish_and_clear();
    indexed.map_err(Failure::from)?;
    store.close().await;
    if args.installation.json {
        println!("{}", json!({ "reports": all }));
    } else {
        println!("{} {all}", lang.pick("已重建索引的汇报：", "reports indexed anew:"));
    }
    Ok(ExitCode::SUCCESS)
}

//! `huibao worker`: runs jobs of a distributed installation. Any number of them may run.

use std::path::PathBuf;
use std::process::ExitCode;

use huibao_models::domain::failure::Failure;
use huibao_models::domain::pipeline::Stage;
use huibao_worker::{Worker, WorkerConfig};

use super::parse::parse_stage;
use crate::confinement;
use crate::exit::CommandError;
use crate::installation::Installation;
use crate::settings::Settings;
use crate::signals::shutdown_token;
use crate::telemetry::offer_metrics;

/// Flags of `huibao worker`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Only work on these stages: ingest,transcode,transcribe,archive [default: all]
    #[arg(long, value_name = "STAGE,…", value_delimiter = ',', value_parser = parse_stage)]
    stages: Vec<Stage>,
    /// Cores for all heavy work together [default: all]
    #[arg(long, value_name = "N")]
    pub cores: Option<u32>,
    /// Folder for files in the making [default: huibao-data]
    #[arg(long, value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
}

/// Runs until a stop signal.
pub async fn run(settings: Settings, args: Args) -> Result<ExitCode, CommandError> {
    let shutdown = shutdown_token().map_err(Failure::from)?;
    confinement::check(&settings)?;
    let installation = Installation::join(&settings).await?;
    offer_metrics(&settings, &shutdown).await?;
    let all = settings.worker(installation.scratch());
    let wanted = |stage: &Stage| args.stages.is_empty() || args.stages.contains(stage);
    let stages: Vec<Stage> = all.stages.iter().copied().filter(wanted).collect();
    tracing::info!(?stages, cores = all.cores, "worker is ready");
    let worker = Worker::new(installation.backends.clone(), WorkerConfig { stages, ..all });
    worker.run(shutdown).await;
    installation.close().await;
    Ok(ExitCode::SUCCESS)
}

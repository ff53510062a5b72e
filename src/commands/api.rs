//! `huibao api`: pages and API of a distributed installation. Any number of them may run.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use huibao_models::domain::failure::Failure;

use super::serve;
use crate::exit::CommandError;
use crate::installation::Installation;
use crate::settings::Settings;
use crate::signals::shutdown_token;
use crate::telemetry::offer_metrics_with_jobs;

/// Flags of `huibao api`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Address and port to answer on [default: 127.0.0.1:8080]
    #[arg(long, value_name = "ADDR")]
    pub listen: Option<String>,
    /// Folder for files in the making [default: huibao-data]
    #[arg(long, value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
}

/// Runs until a stop signal.
pub async fn run(settings: Settings) -> Result<ExitCode, CommandError> {
    let shutdown = shutdown_token().map_err(Failure::from)?;
    let mut installation = Installation::join(&settings).await?;
    installation.receive_changes();
    let listener = serve::listen(&settings).await?;
    let backends = installation.backends.clone();
    offer_metrics_with_jobs(&settings, &backends.store, &shutdown).await?;
    let served = serve::serve(listener, backends, &settings, Arc::new(()), shutdown).await;
    installation.close().await;
    served?;
    Ok(ExitCode::SUCCESS)
}

//! `huibao up`: pages, API and workers in one process.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use async_trait::async_trait;
use huibao_api::{Check, Readiness};
use huibao_models::domain::failure::{Failure, FailureCode};
use huibao_worker::Worker;
use tokio::task::{AbortHandle, JoinHandle};

use super::serve;
use crate::confinement;
use crate::exit::CommandError;
use crate::installation::Installation;
use crate::settings::Settings;
use crate::signals::shutdown_token;
use crate::telemetry::offer_metrics_with_jobs;

/// Flags of `huibao up`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Folder that everything is kept in [default: huibao-data]
    #[arg(long, value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
    /// Address and port to answer on [default: 127.0.0.1:8080]
    #[arg(long, value_name = "ADDR")]
    pub listen: Option<String>,
    /// Cores for all heavy work together [default: all]
    #[arg(long, value_name = "N")]
    pub cores: Option<u32>,
}

/// Runs until a stop signal.
pub async fn run(settings: Settings) -> Result<ExitCode, CommandError> {
    let shutdown = shutdown_token().map_err(Failure::from)?;
    confinement::check(&settings)?;
    let mut installation = Installation::open(&settings).await?;
    installation.receive_changes();
    let backends = installation.backends.clone();
    let listener = serve::listen(&settings).await?;
    offer_metrics_with_jobs(&settings, &backends.store, &shutdown).await?;
    let worker = Worker::new(backends.clone(), settings.worker(installation.scratch()));
    let worker = tokio::spawn(worker.run(shutdown.clone()));
    let readiness = Arc::new(Parts::new(&settings, &worker));
    let served = serve::serve(listener, backends, &settings, readiness, shutdown.clone()).await;
    // Also when serving failed: the worker hands its jobs back.
    shutdown.cancel();
    worker.await.map_err(Failure::internal)?;
    installation.close().await;
    served?;
    Ok(ExitCode::SUCCESS)
}

/// What `/readyz` asks besides the backends.
struct Parts {
    models: Vec<(&'static str, PathBuf)>,
    worker: AbortHandle,
}

impl Parts {
    fn new(settings: &Settings, worker: &JoinHandle<()>) -> Self {
        let models =
            vec![("model", settings.model_path()), ("vad_model", settings.vad_model_path())];
        Self { models, worker: worker.abort_handle() }
    }
}

#[async_trait]
impl Readiness for Parts {
    async fn checks(&self) -> Vec<Check> {
        let model = |(name, path): &(&str, PathBuf)| {
            let ok = huibao_worker::speech::check_model_file(path).is_ok();
            let detail = if ok { "the file is there" } else { FailureCode::ModelMissing.as_str() };
            Check { name: (*name).to_owned(), ok, detail: detail.to_owned() }
        };
        let working = !self.worker.is_finished();
        let detail = if working { "waits for jobs or runs them" } else { "stopped" };
        let worker = Check { name: "worker".into(), ok: working, detail: detail.into() };
        self.models.iter().map(model).chain([worker]).collect()
    }
}

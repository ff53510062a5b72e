//! `huibao up`: pages, API and workers in one process.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use huibao_api::{ApiConfig, Check, Readiness, UploadLimits};
use huibao_models::failure::{Failure, FailureCode};
use huibao_worker::Worker;
use tokio::net::TcpListener;
use tokio::task::{AbortHandle, JoinHandle};

use crate::exit::CommandError;
use crate::installation::Installation;
use crate::settings::Settings;
use crate::signals::shutdown_token;

/// An upload from which nothing has come for this long is given up.
const UPLOAD_IDLE: Duration = Duration::from_mins(1);

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
pub async fn run(settings: Settings, _args: Args) -> Result<ExitCode, CommandError> {
    let shutdown = shutdown_token().map_err(Failure::from)?;
    let installation = Installation::open(&settings).await?;
    let keepers = installation.keepers.clone();
    let addr = settings.listen_addr()?;
    let listener = TcpListener::bind(addr).await.map_err(|error| CommandError::Usage {
        zh: format!("无法监听 {addr}：{error}。请用 --listen 换一个地址。"),
        en: format!("cannot listen on {addr}: {error}; choose another address with --listen"),
    })?;
    let bound = listener.local_addr().map_err(Failure::from)?;

    let worker = Worker::new(keepers.clone(), settings.worker(installation.scratch.clone()));
    let worker = tokio::spawn(worker.run(shutdown.clone()));
    let readiness = Arc::new(Parts::new(&settings, &worker));
    let router = huibao_api::router(
        keepers.db.clone(),
        keepers.storage,
        keepers.queue,
        api_config(&settings),
        readiness,
    );
    announce(bound, &settings);
    let served = huibao_api::serve(listener, router, shutdown.clone()).await;
    // Also when serving failed: the worker hands its tasks back.
    shutdown.cancel();
    worker.await.map_err(Failure::internal)?;
    keepers.db.close().await;
    served.map_err(Failure::from)?;
    Ok(ExitCode::SUCCESS)
}

fn api_config(settings: &Settings) -> ApiConfig {
    let token = settings.token.expose();
    ApiConfig {
        limits: UploadLimits {
            max_video_bytes: settings.max_video_bytes,
            max_written_bytes: settings.max_written_bytes,
            max_duration_seconds: settings.max_duration_seconds,
        },
        languages: huibao_worker::speech::languages(),
        upload_idle: UPLOAD_IDLE,
        token: (!token.is_empty()).then(|| token.to_owned().into()),
        allowed_hosts: vec![
            settings.listen.rsplit_once(':').map_or("", |(host, _)| host).to_owned(),
        ],
    }
}

/// Says where to look, on standard output: the one thing that whoever started this wants to know.
#[expect(clippy::print_stdout, reason = "this is the command's answer")]
fn announce(addr: SocketAddr, settings: &Settings) {
    let text = settings.lang().pick("汇报已就绪，请打开", "Huibao is ready, open");
    println!("{text} http://{addr}/");
}

/// What `/readyz` asks besides the keepers.
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
        let detail = if working { "waits for tasks or runs them" } else { "stopped" };
        let worker = Check { name: "worker".into(), ok: working, detail: detail.into() };
        self.models.iter().map(model).chain([worker]).collect()
    }
}

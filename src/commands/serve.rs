//! What `huibao up` and `huibao api` have in common: answering requests.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use huibao_api::{ApiConfig, Readiness, UploadLimits};
use huibao_models::backends::Backends;
use huibao_models::domain::failure::Failure;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::exit::CommandError;
use crate::settings::Settings;

/// An upload from which nothing has come for this long is given up.
const UPLOAD_IDLE: Duration = Duration::from_mins(1);

/// Takes the address that the settings name.
pub async fn listen(settings: &Settings) -> Result<TcpListener, CommandError> {
    let addr = settings.listen_addr()?;
    TcpListener::bind(addr).await.map_err(|error| CommandError::Usage {
        zh: format!("无法监听 {addr}：{error}。请用 --listen 换一个地址。"),
        en: format!("cannot listen on {addr}: {error}; choose another address with --listen"),
    })
}

/// Answers requests until `shutdown`.
pub async fn serve(
    listener: TcpListener,
    backends: Backends,
    settings: &Settings,
    readiness: Arc<dyn Readiness>,
    shutdown: CancellationToken,
) -> Result<(), Failure> {
    let bound = listener.local_addr()?;
    let router = huibao_api::router(backends, api_config(settings), readiness);
    announce(bound, settings);
    Ok(huibao_api::serve(listener, router, shutdown).await?)
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

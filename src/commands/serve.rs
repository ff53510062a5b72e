//! What `huibao up` and `huibao api` have in common: answering requests.

use std::sync::Arc;
use std::time::Duration;

use huibao_api::{ApiConfig, MediaLinks, Readiness, UploadLimits};
use huibao_models::backends::Backends;
use huibao_models::credentials::NewSecret;
use huibao_models::domain::actor::Actor;
use huibao_models::domain::failure::Failure;
use huibao_models::domain::ids::SubmissionId;
use huibao_models::storage::{Storage, StorageKey};
use huibao_models::store::{SETUP_LIFETIME, Store};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use url::Url;

use crate::exit::CommandError;
use crate::settings::Settings;

/// A connection from which no request comes for this long is closed. Longer than proxies keep connections of
/// theirs for the next request, so that they never use one that is being closed.
const PATIENCE: Duration = Duration::from_mins(3);

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
) -> Result<(), CommandError> {
    let bound = listener.local_addr().map_err(Failure::from)?;
    let config = api_config(settings, &*backends.storage).await?;
    let base = config.public_url.as_ref().map_or_else(
        || format!("http://{bound}"),
        |url| url.to_string().trim_end_matches('/').to_owned(),
    );
    let setup = setup_link(&backends.store, &base).await?;
    let router = huibao_api::router(backends, config, readiness);
    announce(&base, setup.as_deref(), settings);
    Ok(huibao_api::serve(listener, router, PATIENCE, shutdown).await.map_err(Failure::from)?)
}

async fn api_config(settings: &Settings, storage: &dyn Storage) -> Result<ApiConfig, CommandError> {
    let limit = |bytes: u64| (bytes > 0).then_some(bytes);
    Ok(ApiConfig {
        limits: UploadLimits {
            max_video_bytes: settings.max_video_bytes,
            max_written_bytes: settings.max_written_bytes,
            max_duration_seconds: settings.max_duration_seconds,
        },
        languages: huibao_worker::speech::languages(),
        upload_idle: UPLOAD_IDLE,
        public_url: settings.public_url()?,
        trusted_proxies: settings.trusted_proxies()?,
        kinds: settings.report_kinds()?,
        max_person_bytes: limit(settings.max_person_bytes),
        max_branch_bytes: limit(settings.max_branch_bytes),
        media_links: media_links(settings, storage).await?,
        sign_on: settings.sign_on()?,
    })
}

/// Links into the storage, where it has some and the settings want them.
async fn media_links(
    settings: &Settings,
    storage: &dyn Storage,
) -> Result<Option<MediaLinks>, CommandError> {
    let lifetime = Duration::from_secs(settings.media_link_seconds);
    if lifetime.is_zero() {
        return Ok(None);
    }
    // Signing asks nobody; whether there is such an object does not matter.
    let key = StorageKey::original(SubmissionId::new(), "mp4");
    let link = storage.presign_get(&key, lifetime, None).await.map_err(Failure::from)?;
    let link: Option<Url> = link.and_then(|link| link.parse().ok());
    let Some(link) = link else {
        return Err(CommandError::Usage {
            zh: "media_link_seconds 需要 S3 存储（storage_url = s3://…）；本地文件请设为 0".into(),
            en: "media_link_seconds needs a bucket (storage_url = s3://…); with files, use 0"
                .into(),
        });
    };
    Ok(Some(MediaLinks { lifetime, origin: link.origin().ascii_serialization() }))
}

/// Where there is nobody yet, the link that makes the first operator.
async fn setup_link(store: &Store, base: &str) -> Result<Option<String>, Failure> {
    if store.snapshot().await?.people().any().await? {
        return Ok(None);
    }
    let secret = NewSecret::new().map_err(Failure::internal)?;
    let mut unit = store.begin_durable(Actor::System, store.now()).await?;
    unit.sign_ins().add_setup_link(&secret.digest()).await?;
    unit.commit().await?;
    Ok(Some(format!("{base}/#/setup/{}", secret.expose())))
}

/// Says where to look, on standard output: the one thing that whoever started this wants to know.
#[expect(clippy::print_stdout, reason = "this is the command's answer")]
fn announce(base: &str, setup: Option<&str>, settings: &Settings) {
    let lang = settings.lang();
    println!("{} {base}/", lang.pick("汇报已就绪，请打开", "Huibao is ready, open"));
    if let Some(link) = setup {
        let minutes = SETUP_LIFETIME.as_secs() / 60;
        let text = lang.pick(
            "还没有任何用户。请在有效期内打开此链接，创建第一位管理员",
            "There is nobody yet. Open this link in time to become the first operator",
        );
        let unit = lang.pick("分钟", "minutes");
        println!("{text} ({minutes} {unit})\n  {link}");
    }
}

//! Opening the three backends that the settings name, and waiting for servers that are coming up.

use std::sync::Arc;
use std::time::{Duration, Instant};

use huibao_models::backends::Backends;
use huibao_models::domain::job::JobMessage;
use huibao_models::queue::{self, QueueError};
use huibao_models::storage::{self, Storage, StorageError};
use huibao_models::store::{Store, StoreError};
use huibao_models::transfer::Side;
use url::Url;

use crate::exit::CommandError;
use crate::settings::Settings;

/// Pause between two tries.
const PAUSE: Duration = Duration::from_millis(500);

/// What rustls, by which all three clients speak TLS, says of a certificate that it does not accept,
/// and of a server that does not speak TLS. Waiting helps against neither.
const DISTRUST: &str = "invalid peer certificate";
const NO_TLS: &str = "corrupt message of type InvalidContentType";

/// A backend that could not be opened, or that will not be by waiting.
struct Refusal {
    passing: bool,
    reason: String,
    /// What is wrong with the schema and what to do, in Chinese and in English.
    of_schema: Option<(String, String)>,
}

impl Refusal {
    fn new(passing: bool, reason: String) -> Self {
        let of_tls = [DISTRUST, NO_TLS].iter().any(|words| reason.contains(words));
        Self { passing: passing && !of_tls, reason, of_schema: None }
    }

    /// What is wrong and what to do where waiting does not help, in Chinese and in English.
    fn explain(self) -> (String, String) {
        if let Some(lines) = self.of_schema {
            return lines;
        }
        let (reason, (zh, en)) = (&self.reason, self.advice());
        (format!("无法使用：{reason}。{zh}。"), format!("cannot be used: {reason}; {en}"))
    }

    /// What to do where waiting does not help.
    fn advice(&self) -> (&'static str, &'static str) {
        if self.reason.contains(DISTRUST) {
            (
                "请把签发服务器证书的 CA 加入系统证书库，或写入 SSL_CERT_FILE 指定的文件，并核对地址中的主机名",
                "add the CA of the server's certificate to the system's, or to the file that SSL_CERT_FILE names, and check the host name",
            )
        } else if self.reason.contains(NO_TLS) {
            (
                "该端口不使用 TLS，请核对端口和地址的协议部分",
                "that port does not speak TLS, check it and the URL's scheme",
            )
        } else {
            ("请检查这项设置", "check this setting")
        }
    }
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        let of_schema = of_schema(&error);
        Self { of_schema, ..Self::new(error.is_passing(), error.to_string()) }
    }
}

/// What is wrong with a schema that is not this version's, and what to do: nothing was changed.
fn of_schema(error: &StoreError) -> Option<(String, String)> {
    let (zh, en) = match error {
        StoreError::InUse => (
            "数据库需要升级到当前版本，但另一个进程正在使用它。请先停止所有使用它的 huibao 进程，再重试；数据没有改动。".to_owned(),
            "the database must be upgraded to this version, and another process has it open; stop every huibao that uses it, then try again; nothing was changed".to_owned(),
        ),
        StoreError::HalfMigrated(version) => (
            format!(
                "数据库升级到迁移 {version} 时中断，没有完成。请恢复升级前的备份后重试；没有备份时，请保留数据库文件，并附上这条消息寻求帮助。"
            ),
            format!(
                "the upgrade of the database to migration {version} was interrupted and is not complete; restore the backup made before it and try again, or, without one, keep the database as it is and ask for help with this message"
            ),
        ),
        StoreError::Newer(version) => (
            format!(
                "数据库由更新版本的 huibao 建立或升级（当前程序没有迁移 {version}）。请改用该版本或更新的版本；数据没有改动。"
            ),
            format!(
                "the database was made or upgraded by a newer huibao (migration {version} is not known here); use that version or a later one; nothing was changed"
            ),
        ),
        StoreError::Older(version) => (
            format!(
                "数据库由较早版本的 huibao 建立（停在迁移 {version}），而这里只读取、不升级。请先备份，再用当前版本启动一次（例如 huibao up）使它升级，然后重试；数据没有改动。"
            ),
            format!(
                "the database was made by an older huibao (it is at migration {version}), and is only read here, not upgraded; back it up, start this version with it once (such as huibao up), then try again; nothing was changed"
            ),
        ),
        _ => return None,
    };
    Some((zh, en))
}

impl From<QueueError> for Refusal {
    fn from(error: QueueError) -> Self {
        Self::new(error.is_passing(), error.to_string())
    }
}

impl From<StorageError> for Refusal {
    fn from(error: StorageError) -> Self {
        Self::new(matches!(error, StorageError::Busy { .. }), error.to_string())
    }
}

/// Opens all three backends.
pub async fn backends(settings: &Settings) -> Result<Backends, CommandError> {
    let store = database(settings).await?;
    let storage = storage(settings).await?;
    let url = settings.queue_url.expose();
    let queue =
        patiently("HUIBAO_QUEUE_URL", wait(settings), async || Ok(queue::open(url).await?)).await?;
    Ok(Backends { store, storage, queue })
}

/// Tells whoever works of jobs that this process made ready. An embedded queue is in the memory of
/// the process that works; that one looks for messages that are due in the table.
pub async fn announce(settings: &Settings, backends: &Backends, messages: Vec<JobMessage>) {
    if messages.is_empty() || !settings.is_embedded() {
        return backends.announce(messages).await;
    }
    if let Err(error) = backends.store.publish_soon(&messages, backends.store.now()).await {
        tracing::warn!(%error, "cannot mark messages as due; they will be in a while");
    }
}

/// Opens the database alone.
pub async fn database(settings: &Settings) -> Result<Store, CommandError> {
    database_at(settings, "HUIBAO_DATABASE_URL", &settings.database_url()).await
}

/// Opens the storage alone.
pub async fn storage(settings: &Settings) -> Result<Arc<dyn Storage>, CommandError> {
    storage_at(settings, "HUIBAO_STORAGE_URL", &settings.storage_url()?).await
}

/// Where an installation is that a command names.
pub struct Place {
    /// How the command names it.
    pub setting: &'static str,
    /// The database's URL.
    pub database: String,
    /// The storage's URL.
    pub storage: String,
}

/// Opens an installation, making what is missing.
pub async fn to_write(settings: &Settings, place: &Place) -> Result<Side, CommandError> {
    Ok(Side {
        store: database_at(settings, place.setting, &place.database).await?,
        storage: storage_at(settings, place.setting, &place.storage).await?,
    })
}

/// Opens an installation that must be there, and changes nothing in it.
pub async fn to_read(settings: &Settings, place: &Place) -> Result<Side, CommandError> {
    let Place { setting, database, storage } = place;
    let setting = *setting;
    let connections = settings.database_connections;
    let store = patiently(setting, wait(settings), async || {
        Ok(Store::open_to_read(database, connections).await?)
    })
    .await?;
    // Opening a folder would make it.
    let folder = Url::parse(storage).ok().filter(|url| url.scheme() == "file");
    let folder = folder.and_then(|url| url.to_file_path().ok()).filter(|path| !path.is_dir());
    if let Some(folder) = folder {
        let reason = format!("there is no folder {}", folder.display());
        return Err(unavailable(setting, Refusal::new(false, reason), Duration::ZERO));
    }
    let storage =
        patiently(setting, wait(settings), async || Ok(storage::open(storage).await?)).await?;
    Ok(Side { store, storage })
}

async fn database_at(
    settings: &Settings,
    setting: &'static str,
    url: &str,
) -> Result<Store, CommandError> {
    let connections = settings.database_connections;
    patiently(setting, wait(settings), async || Ok(Store::open(url, connections).await?)).await
}

async fn storage_at(
    settings: &Settings,
    setting: &'static str,
    url: &str,
) -> Result<Arc<dyn Storage>, CommandError> {
    patiently(setting, wait(settings), async || {
        let storage = storage::open(url).await?;
        // A bucket is not looked at before it is used.
        storage.health().await?;
        Ok(storage)
    })
    .await
}

fn wait(settings: &Settings) -> Duration {
    Duration::from_secs(settings.startup_wait_seconds)
}

/// Tries until it works, cannot work, or has not worked for `wait`.
async fn patiently<T>(
    setting: &'static str,
    wait: Duration,
    open: impl AsyncFn() -> Result<T, Refusal>,
) -> Result<T, CommandError> {
    let started = Instant::now();
    let mut told = false;
    loop {
        // Boxed: what a backend keeps while it connects is large, and every caller would carry it.
        let refusal = match Box::pin(open()).await {
            Ok(opened) => return Ok(opened),
            Err(refusal) => refusal,
        };
        if !refusal.passing || started.elapsed() >= wait {
            return Err(unavailable(setting, refusal, wait));
        }
        if !told {
            tracing::warn!(setting, reason = refusal.reason, "not there yet; waiting");
            told = true;
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// One line: which setting, what was tried, what to do.
fn unavailable(setting: &str, refusal: Refusal, wait: Duration) -> CommandError {
    let (zh, en) = if refusal.passing {
        let (reason, seconds) = (&refusal.reason, wait.as_secs());
        (
            format!(
                "{setting}：等待 {seconds} 秒后仍无法连接：{reason}。请确认服务已启动、地址正确。"
            ),
            format!(
                "{setting}: no connection within {seconds} s: {reason}; check that the server runs and the address is right"
            ),
        )
    } else {
        let (zh, en) = refusal.explain();
        (format!("{setting}：{zh}"), format!("{setting}: {en}"))
    };
    CommandError::Unavailable { zh, en }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_schema_of_another_version_is_told_in_one_line_with_what_to_do() {
        for (error, zh_says, en_says) in [
            (StoreError::InUse, "停止", "stop every huibao"),
            (StoreError::HalfMigrated(7), "迁移 7", "migration 7"),
            (StoreError::Newer(8), "迁移 8", "migration 8"),
            (StoreError::Older(3), "迁移 3", "migration 3"),
        ] {
            let refusal = Refusal::from(error);
            assert!(!refusal.passing);
            let error = unavailable("HUIBAO_DATABASE_URL", refusal, Duration::ZERO);
            let CommandError::Unavailable { zh, en } = error else { panic!("{error}") };
            assert!(zh.starts_with("HUIBAO_DATABASE_URL：数据库") && zh.contains(zh_says), "{zh}");
            assert!(en.starts_with("HUIBAO_DATABASE_URL: the ") && en.contains(en_says), "{en}");
            assert!(!zh.contains('\n') && !en.contains('\n'));
        }
    }
}

//! The settings: commented defaults, then `huibao.toml`, then `HUIBAO_*`, then flags.

mod network;
mod notices;
mod redacted;
mod sign_on;
mod work;

use std::path::{Path, PathBuf};

use figment::Figment;
use figment::providers::{Env, Format, Serialized, Toml};
use huibao_models::domain::failure::Lang;
use huibao_models::domain::report::ReportKind;
use huibao_worker::{Machine, ModelFolder};
use serde::{Deserialize, Serialize};
use url::Url;

pub use redacted::Secret;

/// The defaults, which are the reference documentation as well.
pub const DEFAULTS: &str = include_str!("huibao.default.toml");

/// The file that is read where no other is named.
const FILE: &str = "huibao.toml";

/// What a model is called that is to be chosen.
const AUTO: &str = "auto";

const VAD_MODEL: &str = "ggml-silero-v6.2.0.bin";

/// Every setting; `huibao.default.toml` says what each means.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    pub data_dir: PathBuf,
    pub database_url: Secret,
    pub queue_url: Secret,
    pub storage_url: Secret,
    pub database_connections: u32,
    pub startup_wait_seconds: u64,
    pub listen: String,
    pub public_url: String,
    pub trusted_proxies: String,
    pub metrics_listen: String,
    pub oidc_issuer: String,
    pub oidc_client_id: String,
    pub oidc_client_secret: Secret,
    pub oidc_scopes: String,
    pub oidc_label: String,
    pub cas_url: String,
    pub cas_label: String,
    pub number_claim: String,
    pub name_claim: String,
    pub login_claim: String,
    pub email_claim: String,
    pub sign_on_rules: Vec<String>,
    pub audit_key: PathBuf,
    pub smtp_url: Secret,
    pub mail_from: String,
    pub private_channels: bool,
    pub model_dir: PathBuf,
    pub model: String,
    pub quick_model: String,
    pub vad_model: PathBuf,
    pub model_idle_seconds: u64,
    pub glossary: PathBuf,
    pub correct_homophones: bool,
    pub libreoffice: String,
    pub report_kinds: Vec<String>,
    pub max_video_bytes: u64,
    pub max_duration_seconds: u64,
    pub max_pixels: u64,
    pub max_written_bytes: u64,
    pub max_person_bytes: u64,
    pub max_branch_bytes: u64,
    pub media_link_seconds: u64,
    pub cores: u32,
    pub cores_per_task: u32,
    pub lease_seconds: u64,
    pub grace_seconds: u64,
    pub max_attempts: u32,
    pub require_confinement: bool,
    pub lang: String,
    pub log: String,
}

/// Settings that were given as flags.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Flags {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data_dir: Option<PathBuf>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub listen: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cores: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lang: Option<String>,
}

/// An invalid setting.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// A layer could not be read or does not fit.
    #[error("{0}")]
    Layers(Box<figment::Error>),
    /// The file that was named is not there.
    #[error("there is no configuration file {0}")]
    NoFile(PathBuf),
    /// A value that cannot work.
    #[error("{setting} = {value:?}: {reason}")]
    Value {
        /// Name of the setting.
        setting: &'static str,
        /// The value, unless it is a secret.
        value: String,
        /// What is wrong and what to do.
        reason: &'static str,
    },
}

impl Settings {
    /// Reads all layers and checks what they add up to.
    pub fn load(file: Option<&Path>, flags: &Flags) -> Result<Self, SettingsError> {
        if let Some(named) = file.filter(|path| !path.is_file()) {
            return Err(SettingsError::NoFile(named.to_owned()));
        }
        let names: Vec<String> = DEFAULTS
            .lines()
            .filter_map(|line| Some(line.split_once(" = ")?.0.to_owned()))
            .filter(|name| !name.starts_with('#'))
            .collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let settings: Self = Figment::new()
            .merge(Toml::string(DEFAULTS))
            // Relative to this folder only: settings from a parent folder would surprise.
            .merge(file.map_or_else(default_file, Toml::file_exact))
            .merge(Env::prefixed("HUIBAO_").only(&names))
            .merge(Serialized::defaults(flags))
            .extract()
            .map_err(|e| SettingsError::Layers(Box::new(e)))?;
        settings.check()?;
        Ok(settings)
    }

    fn check(&self) -> Result<(), SettingsError> {
        let value = |setting, value: &str, reason| {
            Err(SettingsError::Value { setting, value: value.to_owned(), reason })
        };
        match &*self.lang {
            "" | "zh" | "en" => {}
            other => return value("lang", other, "use zh or en"),
        }
        for (setting, url, schemes, reason) in [
            (
                "database_url",
                &self.database_url,
                &["sqlite", "postgres", "postgresql"][..],
                "use sqlite:///absolute/path.db or postgres://user:password@host/database",
            ),
            (
                "queue_url",
                &self.queue_url,
                &["amqp", "amqps"],
                "use amqp://user:password@host/vhost, or leave it empty",
            ),
            (
                "storage_url",
                &self.storage_url,
                &["file", "s3"],
                "use file:///absolute/path or s3://bucket?endpoint=…",
            ),
        ] {
            let known = url.is_empty() || schemes.contains(&url.scheme());
            if !known && url.expose() != "embedded" {
                return value(setting, url.scheme(), reason);
            }
        }
        if self.glossary_path().is_some_and(|path| !path.is_file()) {
            return value("glossary", &self.glossary.to_string_lossy(), "there is no such file");
        }
        let named = !matches!(&*self.libreoffice, "" | "auto" | "off");
        // What nobody has named is not looked for here: every command begins with this.
        if named && self.libreoffice().is_none() {
            return value(
                "libreoffice",
                &self.libreoffice,
                "there is no LibreOffice Writer in this folder",
            );
        }
        if self.lease_seconds < 5 {
            return value("lease_seconds", &self.lease_seconds.to_string(), "use at least 5");
        }
        if self.max_attempts == 0 {
            return value("max_attempts", "0", "use at least 1");
        }
        self.metrics_addr()?;
        self.listen_addr()?;
        self.public_url()?;
        self.trusted_proxies()?;
        self.sign_on()?;
        self.notices()?;
        self.report_kinds()?;
        Ok(())
    }

    /// Cores for all heavy work together.
    pub fn cores(&self) -> u32 {
        let all = || std::thread::available_parallelism().map_or(1, usize::from);
        if self.cores == 0 { u32::try_from(all()).unwrap_or(1) } else { self.cores }
    }

    /// The language of messages.
    pub fn lang(&self) -> Lang {
        if self.lang.is_empty() { lang_of_environment() } else { Lang::from_tag(&self.lang) }
    }

    /// What there is to recognise with.
    pub fn machine(&self) -> Machine {
        Machine::here(self.cores())
    }

    /// Whether no model is named, so that the best is chosen.
    pub fn chooses_model(&self) -> bool {
        matches!(&*self.model, "" | AUTO)
    }

    /// The whisper model, by its name or path: the best that is there, if none is named.
    pub fn model(&self) -> String {
        if self.chooses_model() {
            return self.models().best(self.machine()).to_owned();
        }
        self.model.clone()
    }

    /// The whisper model's file.
    pub fn model_path(&self) -> PathBuf {
        self.models().file_of(&self.model())
    }

    /// The file of the model of a quick first pass, if there is to be one.
    pub fn quick_model_path(&self) -> Option<PathBuf> {
        let models = self.models();
        match &*self.quick_model {
            "" | "off" => None,
            AUTO => models.quick_before(&self.model()).map(|name| models.file_of(name)),
            named => Some(models.file_of(named)),
        }
    }

    /// The voice activity model's file.
    pub fn vad_model_path(&self) -> PathBuf {
        if self.vad_model.as_os_str().is_empty() {
            return self.models().folder.join(VAD_MODEL);
        }
        self.vad_model.clone()
    }

    /// The operator's glossary, if there is one.
    pub fn glossary_path(&self) -> Option<PathBuf> {
        (!self.glossary.as_os_str().is_empty()).then(|| self.glossary.clone())
    }

    /// The key that signs checkpoints of the audit log.
    pub fn audit_key_path(&self) -> PathBuf {
        if self.audit_key.as_os_str().is_empty() {
            return self.data_dir.join("audit.key");
        }
        self.audit_key.clone()
    }

    /// What reports may be about, with other names for some; none: everything.
    pub fn report_kinds(&self) -> Result<Vec<(ReportKind, Option<String>)>, SettingsError> {
        let kinds = self.report_kinds.iter().map(|text| {
            let (kind, label) = match text.split_once('=') {
                Some((kind, label)) => (kind, Some(label.trim().to_owned())),
                None => (text.as_str(), None),
            };
            let reason = "use motive, understanding, study, activity, oath, meeting or other, \
                          each with =NAME if you like";
            let unknown =
                |_| SettingsError::Value { setting: "report_kinds", value: text.clone(), reason };
            kind.trim().parse().map(|kind| (kind, label)).map_err(unknown)
        });
        kinds.collect()
    }

    /// Where models are that go by their names.
    pub fn models(&self) -> ModelFolder {
        if !self.model_dir.as_os_str().is_empty() {
            return ModelFolder { folder: self.model_dir.clone() };
        }
        let set =
            |name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        let home = || set("HOME").unwrap_or_default().join(".cache");
        ModelFolder { folder: set("XDG_CACHE_HOME").unwrap_or_else(home).join("huibao/models") }
    }

    /// The database, as a URL.
    pub fn database_url(&self) -> String {
        if self.database_url.is_empty() {
            return self.embedded_database_url();
        }
        self.database_url.expose().to_owned()
    }

    /// The database in the data folder, as a URL, whether it is the one in use or not.
    pub fn embedded_database_url(&self) -> String {
        format!("sqlite://{}", self.data_dir.join("huibao.db").display())
    }

    /// The storage, as a URL.
    pub fn storage_url(&self) -> Result<String, SettingsError> {
        if !self.storage_url.is_empty() {
            return Ok(self.storage_url.expose().to_owned());
        }
        self.embedded_storage_url()
    }

    /// The storage in the data folder, as a URL, whether it is the one in use or not.
    pub fn embedded_storage_url(&self) -> Result<String, SettingsError> {
        let unusable = || SettingsError::Value {
            setting: "data_dir",
            value: self.data_dir.display().to_string(),
            reason: "this folder cannot be named; use another",
        };
        let folder = std::path::absolute(self.data_dir.join("files")).map_err(|_| unusable())?;
        let url = Url::from_file_path(&folder).map_err(|()| unusable())?;
        Ok(url.into())
    }

    /// Whether this process alone keeps everything: its queue is in memory, its database a file.
    pub fn is_embedded(&self) -> bool {
        matches!(self.queue_url.scheme(), "…")
            && matches!(self.database_url.scheme(), "…" | "sqlite")
    }

    /// Whether several processes can share these backends.
    pub fn check_distributed(&self) -> Result<(), SettingsError> {
        for (setting, url, scheme) in [
            ("database_url", &self.database_url, "postgres"),
            ("queue_url", &self.queue_url, "amqp"),
        ] {
            if !url.scheme().starts_with(scheme) {
                return Err(SettingsError::Value {
                    setting,
                    value: url.scheme().to_owned(),
                    reason: "separate processes need postgres:// and amqp:// to share their work; for one process, use huibao up",
                });
            }
        }
        if self.storage_url.is_empty() {
            return Err(SettingsError::Value {
                setting: "storage_url",
                value: String::new(),
                reason: "separate processes need s3://…, or file:///… on a folder that all of them see",
            });
        }
        Ok(())
    }
}

/// `huibao.toml`, if there is one.
fn default_file() -> figment::providers::Data<Toml> {
    if Path::new(FILE).is_file() { Toml::file_exact(FILE) } else { Toml::string("") }
}

/// The language that the environment asks for, by the rules of POSIX locales.
pub fn lang_of_environment() -> Lang {
    ["LC_ALL", "LC_MESSAGES", "LANG"]
        .iter()
        .filter_map(|name| std::env::var(name).ok())
        .find(|value| !value.is_empty())
        .map_or(Lang::En, |value| Lang::from_tag(&value))
}

#[cfg(test)]
mod tests {
    use super::*;

    pub(super) fn from_toml(text: &str) -> Result<Settings, SettingsError> {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("huibao.toml");
        std::fs::write(&file, text).unwrap();
        Settings::load(Some(&file), &Flags::default())
    }

    #[test]
    fn the_defaults_are_whole_and_sound() {
        let settings = from_toml("").unwrap();
        assert_eq!(settings.listen, "127.0.0.1:8080");
        assert!(settings.chooses_model());
    }

    #[test]
    fn models_are_chosen_or_named() {
        let folder = tempfile::tempdir().unwrap();
        let settings =
            |more: &str| from_toml(&format!("model_dir = {:?}\n{more}", folder.path())).unwrap();
        for name in ["base-q8_0", "small-q8_0"] {
            std::fs::write(settings("").models().file_of(name), "").unwrap();
        }
        let chosen = settings("cores = 2");
        assert_eq!(chosen.model(), "small-q8_0");
        assert!(chosen.quick_model_path().unwrap().ends_with("ggml-base-q8_0.bin"));
        assert_eq!(settings("cores = 2\nquick_model = \"off\"").quick_model_path(), None);
        let named = settings("model = \"base-q8_0\"");
        assert_eq!((named.model().as_str(), named.quick_model_path()), ("base-q8_0", None));
        let tiny = settings("model = \"base-q8_0\"\nquick_model = \"tiny\"").quick_model_path();
        assert!(tiny.unwrap().ends_with("ggml-tiny.bin"));
    }

    #[test]
    fn flags_win_over_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("huibao.toml");
        std::fs::write(&file, "cores = 3\nmodel = \"small\"").unwrap();
        let flags = Flags { cores: Some(2), ..Flags::default() };
        let settings = Settings::load(Some(&file), &flags).unwrap();
        assert_eq!(settings.cores(), 2);
        assert!(settings.model_path().ends_with("ggml-small.bin"));
    }

    #[test]
    fn a_misspelt_setting_is_refused_and_named() {
        let error = from_toml("coers = 3").unwrap_err().to_string();
        assert!(error.contains("coers"), "{error}");
    }

    #[test]
    fn kinds_can_be_left_out_and_renamed() {
        let settings = from_toml("report_kinds = [\"study\", \"other = 其他材料\"]").unwrap();
        let label = Some("其他材料".to_owned());
        let expected = [(ReportKind::Study, None), (ReportKind::Other, label)];
        assert_eq!(settings.report_kinds().unwrap(), expected);
        assert!(from_toml("report_kinds = [\"essay\"]").is_err());
    }

    #[test]
    fn secrets_do_not_show() {
        let settings = from_toml("queue_url = \"amqp://me:hunter2@host/\"").unwrap();
        assert!(!format!("{settings:?}").contains("hunter2"));
        assert!(!toml::to_string(&settings).unwrap().contains("hunter2"));
    }
}

//! A storage of its own for each test, and things to put into it.

use std::io;
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use aws_config::BehaviorVersion;
use aws_sdk_s3::Client;
use futures::TryStreamExt;
use huibao_models::storage::{self, ByteStream, Storage, StorageKey};
use tempfile::TempDir;
use tokio::io::{AsyncRead, AsyncReadExt, ReadBuf};
use tokio::sync::Notify;
use url::Url;
use uuid::Uuid;

/// A mebibyte in bytes.
pub const MIB: usize = 1024 * 1024;

/// Which storage.
#[derive(Clone, Copy)]
pub enum Backend {
    /// A folder.
    Local,
    /// A bucket.
    S3,
}

/// An empty storage.
pub struct Harness {
    pub storage: Arc<dyn Storage>,
    pub folder: TempDir,
    /// Of S3 only.
    pub url: Option<Url>,
    pub report: Uuid,
}

impl Harness {
    pub async fn new(backend: Backend) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (url, s3) = match backend {
            Backend::Local => (Url::from_file_path(folder.path().join("files")).unwrap(), None),
            Backend::S3 => (s3_url(), Some(s3_url())),
        };
        // One and the same prefix in both.
        let url = s3.clone().unwrap_or(url);
        let storage = storage::open(url.as_str()).await.unwrap();
        Self { storage, folder, url: s3, report: Uuid::now_v7() }
    }

    pub fn key(&self, name: &str) -> StorageKey {
        StorageKey::output(self.report, 1, name)
    }

    pub async fn read(&self, name: &str, range: Option<std::ops::Range<u64>>) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut stream = self.storage.open(&self.key(name), range).await.unwrap();
        stream.read_to_end(&mut bytes).await.unwrap();
        bytes
    }

    /// The keys of all objects.
    pub async fn keys(&self, prefix: &str) -> Vec<String> {
        let objects: Vec<_> = self.storage.list(prefix).try_collect().await.unwrap();
        objects.iter().map(|object| object.key.to_string()).collect()
    }

    /// How many uploads are unfinished.
    pub async fn unfinished(&self) -> usize {
        match &self.url {
            None => count(&self.folder.path().join("files/incoming")),
            Some(url) => {
                let list = client().await.list_multipart_uploads().bucket(bucket(url));
                let prefix = format!("{}/", url.path().trim_matches('/'));
                list.prefix(prefix).send().await.unwrap().uploads().len()
            }
        }
    }

    /// Waits until there are so many unfinished uploads; the test's own limit ends a vain wait.
    pub async fn wait_for_unfinished(&self, wanted: usize) {
        while self.unfinished().await != wanted {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Nothing is stored, and nothing was left lying about.
    pub async fn assert_empty(&self) {
        assert_eq!(self.keys("").await, Vec::<String>::new());
        assert_eq!(self.unfinished().await, 0);
    }
}

fn count(folder: &Path) -> usize {
    std::fs::read_dir(folder).unwrap().count()
}

/// The test server's bucket, with a prefix of its own.
pub fn s3_url() -> Url {
    let url = std::env::var("HUIBAO_TEST_STORAGE_URL")
        .expect("run scripts/test, which starts the services");
    let mut url = Url::parse(&url).unwrap();
    url.set_path(&format!("/test-{}", Uuid::now_v7()));
    url
}

/// The bucket of a URL.
pub fn bucket(url: &Url) -> &str {
    url.host_str().unwrap()
}

/// A parameter of a URL.
pub fn parameter(url: &Url, wanted: &str) -> String {
    let (_, value) = url.query_pairs().find(|(name, _)| name == wanted).unwrap();
    value.into_owned()
}

/// The same URL with one parameter changed.
pub fn with_parameter(url: &Url, wanted: &str, value: &str) -> Url {
    let others: Vec<(String, String)> = url.query_pairs().into_owned().collect();
    let mut changed = url.clone();
    changed
        .query_pairs_mut()
        .clear()
        .extend_pairs(others.iter().filter(|(name, _)| name != wanted))
        .append_pair(wanted, value);
    changed
}

/// A client that goes past the storage backend.
pub async fn client() -> Client {
    let url = s3_url();
    let http = aws_smithy_http_client::Builder::new().build_http();
    let config = aws_config::defaults(BehaviorVersion::latest())
        .region("us-east-1")
        .http_client(http)
        .load()
        .await;
    let config = aws_sdk_s3::config::Builder::from(&config)
        .endpoint_url(parameter(&url, "endpoint"))
        .force_path_style(true);
    Client::from_conf(config.build())
}

/// Bytes that differ from each other and from part to part.
pub fn noise(len: usize) -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()[3]
    };
    std::iter::repeat_with(next).take(len).collect()
}

/// A stream of these bytes.
pub fn body(bytes: impl Into<Vec<u8>>) -> ByteStream {
    Box::pin(io::Cursor::new(bytes.into()))
}

/// A stream that breaks after these bytes.
pub fn broken_body(bytes: Vec<u8>) -> ByteStream {
    Box::pin(io::Cursor::new(bytes).chain(Broken))
}

/// A stream that stops after these bytes and says so.
pub fn stopping_body(bytes: Vec<u8>) -> (ByteStream, Arc<Notify>) {
    let stopped = Arc::new(Notify::new());
    let stream = io::Cursor::new(bytes).chain(Stopped(stopped.clone()));
    (Box::pin(stream), stopped)
}

struct Broken;

impl AsyncRead for Broken {
    fn poll_read(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        _: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Poll::Ready(Err(io::ErrorKind::ConnectionReset.into()))
    }
}

struct Stopped(Arc<Notify>);

impl AsyncRead for Stopped {
    fn poll_read(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        _: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.0.notify_one();
        Poll::Pending
    }
}

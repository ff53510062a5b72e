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
use huibao_models::domain::ids::SubmissionId;
use huibao_models::storage::{self, ByteStream, Storage, StorageKey, UploadId};
use tempfile::TempDir;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt, ReadBuf};
use tokio::sync::Notify;
use url::Url;
use uuid::Uuid;

/// A mebibyte in bytes.
pub const MIB: usize = 1024 * 1024;

/// Long enough for the slowest machine; only a storage that hangs gets here.
const FOREVER: Duration = Duration::from_mins(2);

/// Runs each promise on each backend.
macro_rules! contract {
    ($($promise:ident)*) => {
        mod local {
            $(#[tokio::test]
            async fn $promise() {
                $crate::harness::run($crate::harness::Backend::Local, super::$promise).await;
            })*
        }
        mod s3 {
            $(#[tokio::test]
            async fn $promise() {
                $crate::harness::run($crate::harness::Backend::S3, super::$promise).await;
            })*
        }
    };
}
pub(crate) use contract;

pub async fn run(backend: Backend, promise: impl AsyncFn(Harness)) {
    let harness = Harness::new(backend).await;
    tokio::time::timeout(FOREVER, promise(harness)).await.expect("the storage hangs");
}

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
    /// What the storage was opened with.
    pub address: Url,
    /// Of S3 only.
    pub url: Option<Url>,
    pub submission: SubmissionId,
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
        Self { storage, folder, address: url, url: s3, submission: SubmissionId::new() }
    }

    pub fn key(&self, name: &str) -> StorageKey {
        StorageKey::output(self.submission, 1, name)
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

    /// The storage as another process opens it.
    pub async fn reopened(&self) -> Arc<dyn Storage> {
        storage::open(self.address.as_str()).await.unwrap()
    }

    /// How many files or objects belong to uploads over several requests.
    pub async fn upload_objects(&self) -> usize {
        let Some(url) = &self.url else {
            return count_files(&self.folder.path().join("files/uploads"));
        };
        let prefix = format!("{}/uploads/", url.path().trim_matches('/'));
        let list = client().await.list_objects_v2().bucket(bucket(url)).prefix(prefix);
        list.send().await.unwrap().contents().len()
    }

    /// Changes the record of an upload behind the storage's back.
    pub async fn edit_record(&self, id: UploadId, edit: impl FnOnce(&mut serde_json::Value)) {
        let name = format!("uploads/{id}/record.json");
        let Some(url) = &self.url else {
            let path = self.folder.path().join("files").join(name);
            let mut record = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
            edit(&mut record);
            return std::fs::write(path, record.to_string()).unwrap();
        };
        let name = format!("{}/{name}", url.path().trim_matches('/'));
        let client = client().await;
        let found = client.get_object().bucket(bucket(url)).key(&name).send().await.unwrap();
        let bytes = found.body.collect().await.unwrap().into_bytes();
        let mut record = serde_json::from_slice(&bytes).unwrap();
        edit(&mut record);
        let put = client.put_object().bucket(bucket(url)).key(&name);
        put.body(record.to_string().into_bytes().into()).send().await.unwrap();
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
        assert_eq!(self.upload_objects().await, 0);
    }
}

/// Files in the folders of a folder.
fn count_files(folder: &Path) -> usize {
    std::fs::read_dir(folder).unwrap().map(|entry| count(&entry.unwrap().path())).sum()
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

/// A stream that stops after so many of the bytes, says so (when all but a mebibyte was read), and goes on
/// when told to.
pub fn pausing_body(bytes: Vec<u8>, pause: usize) -> (ByteStream, Arc<Notify>, Arc<Notify>) {
    let (stopped, go) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (mut writer, reader) = tokio::io::duplex(MIB);
    let (stopping, going) = (stopped.clone(), go.clone());
    tokio::spawn(async move {
        // A reader that goes away is what the test is about.
        let _ = writer.write_all(&bytes[..pause]).await;
        stopping.notify_one();
        going.notified().await;
        let _ = writer.write_all(&bytes[pause..]).await;
    });
    (Box::pin(reader), stopped, go)
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

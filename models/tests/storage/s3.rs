//! What only a remote storage can do, and what happens when its setting is wrong.

use std::time::Duration;

use aws_config::{BehaviorVersion, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_sdk_s3::types::{ChecksumAlgorithm, CompletedMultipartUpload, CompletedPart};
use futures::TryStreamExt;
use huibao_models::domain::failure::{Failure, FailureClass, FailureCode};
use huibao_models::storage::{
    self, S3Location, S3Storage, SettingPart, Storage, StorageError, StorageKey,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use url::Url;

use crate::harness::{Backend, Harness, MIB, body, bucket, client, noise, s3_url, with_parameter};

/// A harness whose storage is also reached through a proxy.
/// The requests that `what` is part of meet this fate from the `nth` on, for so many times.
/// A passing outage.
pub fn assert_busy(error: StorageError) {
    assert!(matches!(error, StorageError::Busy { .. }), "{error}");
    let failure = Failure::from(error);
    assert_eq!(failure.code, FailureCode::BackendBusy);
    assert_eq!(failure.code.class(), FailureClass::Transient);
}

/// A wrong setting, and which.
pub fn assert_setting(error: StorageError, expected: SettingPart) {
    let StorageError::Setting { part, .. } = &error else { panic!("{error}") };
    assert_eq!(*part, expected, "{error}");
    assert!(!error.to_string().contains('\n'));
    assert_eq!(Failure::from(error).code, FailureCode::BackendUnavailable);
}

#[tokio::test]
async fn a_signed_url_needs_no_credentials() {
    let harness = Harness::new(Backend::S3).await;
    let key = harness.key("汇报 1.txt");
    harness.storage.put(&key, body("abc"), 3).await.unwrap();
    let minute = Duration::from_mins(1);
    let disposition = Some("attachment; filename=\"a b.txt\"");
    let url = harness.storage.presign_get(&key, minute, disposition).await.unwrap().unwrap();
    let (head, text) = get(&url).await;
    assert!(head.starts_with("HTTP/1.1 200"), "{head}");
    assert!(head.contains("attachment; filename=\"a b.txt\""), "{head}");
    assert!(head.contains("text/plain"), "{head}");
    assert_eq!(text, "abc");
    let (head, _) = get(&url.replace("X-Amz-Expires=60", "X-Amz-Expires=600")).await;
    assert!(head.starts_with("HTTP/1.1 403"), "{head}");
}

#[tokio::test]
async fn a_folder_has_no_urls() {
    let harness = Harness::new(Backend::Local).await;
    let url = harness.storage.presign_get(&harness.key("a"), Duration::from_mins(1), None).await;
    assert_eq!(url.unwrap(), None);
}

/// The smallest HTTP client: head and body of an answer.
async fn get(url: &str) -> (String, String) {
    let url = Url::parse(url).unwrap();
    let server = url.socket_addrs(|| None).unwrap()[0];
    let mut stream = TcpStream::connect(server).await.unwrap();
    let target = &url[url::Position::BeforePath..];
    let request = format!("GET {target} HTTP/1.1\r\nHost: {server}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head.to_owned(), body.to_owned())
}

fn with_keys(access: &str, secret: &str) -> SdkConfig {
    let keys = Credentials::builder()
        .access_key_id(access)
        .secret_access_key(secret)
        .provider_name("test")
        .build();
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .credentials_provider(SharedCredentialsProvider::new(keys))
        .build()
}

#[tokio::test]
async fn wrong_credentials_are_named() {
    let location = S3Location::parse(&s3_url()).unwrap();
    let key = StorageKey::output(uuid::Uuid::nil().into(), 1, "a.txt");
    for config in [with_keys("nobody", "secret"), with_keys(&access_key(), "wrong")] {
        let storage = S3Storage::with_config(location.clone(), &config);
        assert_setting(storage.health().await.unwrap_err(), SettingPart::Credentials);
        let put = storage.put(&key, body("abc"), 3).await.unwrap_err();
        assert_setting(put, SettingPart::Credentials);
        assert_setting(storage.size(&key).await.unwrap_err(), SettingPart::Credentials);
    }
    let nobody = SdkConfig::builder().behavior_version(BehaviorVersion::latest()).build();
    let storage = S3Storage::with_config(location, &nobody);
    assert_setting(storage.health().await.unwrap_err(), SettingPart::Credentials);
}

fn access_key() -> String {
    std::env::var("AWS_ACCESS_KEY_ID").expect("run scripts/test, which starts the services")
}

#[tokio::test]
async fn a_missing_bucket_is_named() {
    let mut url = s3_url();
    url.set_host(Some("no-such-bucket")).unwrap();
    let storage = storage::open(url.as_str()).await.unwrap();
    assert_setting(storage.health().await.unwrap_err(), SettingPart::Bucket);
    let listed = storage.list("").try_next().await.unwrap_err();
    assert_setting(listed, SettingPart::Bucket);
}

#[tokio::test]
async fn an_unreachable_endpoint_is_named_and_will_pass() {
    // A port that was free a moment ago.
    let port = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port();
    let endpoint = format!("http://127.0.0.1:{port}");
    let url = with_parameter(&s3_url(), "endpoint", &endpoint);
    let storage = storage::open(url.as_str()).await.unwrap();
    let error = storage.health().await.unwrap_err();
    assert!(error.to_string().contains(&endpoint), "{error}");
    assert_busy(error);
}

#[tokio::test]
async fn an_object_that_was_cut_otherwise_is_read() {
    let harness = Harness::new(Backend::S3).await;
    let url = harness.url.clone().unwrap();
    let name = format!("{}/{}", url.path().trim_matches('/'), harness.key("a.bin"));
    let bytes = noise(9 * MIB);
    put_in_parts(bucket(&url), &name, &bytes, 5 * MIB).await;
    let scratch = harness.folder.path().join("tmp");
    let path = harness.storage.fetch(&harness.key("a.bin"), &scratch).await.unwrap();
    assert!(std::fs::read(path).unwrap() == bytes);
}

/// As a migration tool would.
async fn put_in_parts(bucket: &str, name: &str, bytes: &[u8], part: usize) {
    let client = client().await;
    let begun = client.create_multipart_upload().bucket(bucket).key(name);
    let begun = begun.checksum_algorithm(ChecksumAlgorithm::Sha256).send().await.unwrap();
    let id = begun.upload_id().unwrap();
    let mut parts = Vec::new();
    for (number, bytes) in (1..).zip(bytes.chunks(part)) {
        let part = client.upload_part().bucket(bucket).key(name).upload_id(id).part_number(number);
        let part = part.checksum_algorithm(ChecksumAlgorithm::Sha256).body(bytes.to_vec().into());
        let sent = part.send().await.unwrap();
        let done = CompletedPart::builder().part_number(number).set_e_tag(sent.e_tag);
        parts.push(done.set_checksum_sha256(sent.checksum_sha256).build());
    }
    let parts = CompletedMultipartUpload::builder().set_parts(Some(parts)).build();
    let complete = client.complete_multipart_upload().bucket(bucket).key(name).upload_id(id);
    complete.multipart_upload(parts).send().await.unwrap();
}

#[tokio::test]
async fn what_others_put_into_the_bucket_is_left_alone() {
    let harness = Harness::new(Backend::S3).await;
    let url = harness.url.clone().unwrap();
    let name = format!("{}/notes.txt", url.path().trim_matches('/'));
    let client = client().await;
    client.put_object().bucket(bucket(&url)).key(&name).send().await.unwrap();
    let begun = client.create_multipart_upload().bucket(bucket(&url)).key(&name);
    let begun = begun.send().await.unwrap();
    harness.storage.put(&harness.key("a.txt"), body("abc"), 3).await.unwrap();
    assert_eq!(harness.keys("").await, [harness.key("a.txt").to_string()]);
    assert_eq!(harness.storage.abort_leftovers(Duration::ZERO).await.unwrap(), 0);
    assert_eq!(harness.unfinished().await, 1);
    let abort = client.abort_multipart_upload().bucket(bucket(&url)).key(&name);
    abort.upload_id(begun.upload_id().unwrap()).send().await.unwrap();
}

#[tokio::test]
async fn long_listings_are_read_to_the_end() {
    let harness = Harness::new(Backend::S3).await;
    let names: Vec<_> = (0..1005).map(|i| format!("{i:04}.txt")).collect();
    for some in names.chunks(32) {
        let keys: Vec<_> = some.iter().map(|name| harness.key(name)).collect();
        let puts = keys.iter().map(|key| harness.storage.put(key, body("1"), 1));
        futures::future::try_join_all(puts).await.unwrap();
    }
    let expected: Vec<_> = names.iter().map(|name| harness.key(name).to_string()).collect();
    assert_eq!(harness.keys("").await, expected);
}

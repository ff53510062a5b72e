//! The requests of a multipart upload: create, upload a part, complete, abort.

use aws_sdk_s3::config::Builder;
use aws_sdk_s3::error::SdkError;
use aws_sdk_s3::operation::abort_multipart_upload::AbortMultipartUploadError;
use aws_sdk_s3::operation::complete_multipart_upload::CompleteMultipartUploadError;
use aws_sdk_s3::primitives::ByteStream as Body;
use aws_sdk_s3::types::{ChecksumAlgorithm, CompletedMultipartUpload, CompletedPart};

use super::bucket::S3Storage;
use super::errors::is_missing;
use super::existing::MARK;
use crate::storage::error::StorageError;

/// The most parts that S3 allows.
pub(super) const MAX_PARTS: u16 = 10_000;

impl S3Storage {
    /// Creates a multipart upload and returns its id. `mark` identifies its object.
    pub(super) async fn begin_multipart(
        &self,
        name: &str,
        content_type: &str,
        mark: &str,
    ) -> Result<String, StorageError> {
        let begun = self
            .client
            .create_multipart_upload()
            .bucket(&self.location.bucket)
            .key(name)
            .content_type(content_type)
            .checksum_algorithm(ChecksumAlgorithm::Sha256)
            .metadata(MARK, mark)
            .send()
            .await
            .map_err(|e| self.location.explain("begin an upload", &e))?;
        begun.upload_id.ok_or_else(|| {
            let detail = format!("no upload id ({})", self.location);
            StorageError::Refused { what: "begin an upload", detail }
        })
    }

    /// Sends a part with its checksum in base64, and returns its `ETag`.
    pub(super) async fn send_part(
        &self,
        name: &str,
        id: &str,
        number: i32,
        sha256: &str,
        body: Body,
    ) -> Result<Option<String>, StorageError> {
        let sent = self
            .client
            .upload_part()
            .bucket(&self.location.bucket)
            .key(name)
            .upload_id(id)
            .part_number(number)
            .checksum_sha256(sha256)
            .body(body)
            .send()
            .await
            .map_err(|e| self.location.explain("send a part", &e))?;
        Ok(sent.e_tag)
    }

    /// Completes the upload. After an error the object may exist nevertheless.
    pub(super) async fn complete_multipart(
        &self,
        name: &str,
        id: &str,
        parts: Vec<CompletedPart>,
    ) -> Result<(), SdkError<CompleteMultipartUploadError>> {
        let parts = CompletedMultipartUpload::builder().set_parts(Some(parts)).build();
        self.client
            .complete_multipart_upload()
            .bucket(&self.location.bucket)
            .key(name)
            .upload_id(id)
            .multipart_upload(parts)
            .if_none_match("*")
            .customize()
            .config_override(Builder::new().timeout_config(self.patient.clone()))
            .send()
            .await
            .map(drop)
    }

    /// Aborts a multipart upload; returns whether it existed.
    pub(super) async fn abort_multipart(&self, name: &str, id: &str) -> Result<bool, StorageError> {
        let request = self.client.abort_multipart_upload();
        match request.bucket(&self.location.bucket).key(name).upload_id(id).send().await {
            Ok(_) => Ok(true),
            // Finished meanwhile.
            Err(error)
                if is_missing(&error)
                    || error
                        .as_service_error()
                        .is_some_and(AbortMultipartUploadError::is_no_such_upload) =>
            {
                Ok(false)
            }
            Err(error) => Err(self.location.explain("abort an upload", &error)),
        }
    }
}

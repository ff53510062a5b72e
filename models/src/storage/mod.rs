//! The storage backend: files in a local folder or in an S3 bucket, behind two traits: [`Storage`] for whole
//! objects and [`ResumableUploads`] for files that arrive over several requests.
//!
//! This file only names what the others define; they import from each other, never from here.

mod age;
mod backend;
mod error;
mod hash;
mod key;
mod local;
mod metered;
mod read_full;
mod record;
mod resumable;
mod running_hash;
mod s3;
mod setting;
mod stored;
mod upload_id;
mod url;

pub use backend::Storage;
pub use error::StorageError;
pub use hash::{hash_file, hash_file_blocking, hash_stream, sha256_hex};
pub use key::StorageKey;
pub use local::LocalStorage;
pub use resumable::{ResumableUploads, UploadState, UploadStatus};
pub use s3::{S3Location, S3Storage};
pub use setting::SettingPart;
pub use stored::{ByteStream, ObjectStream, Stored, StoredObject};
pub use upload_id::UploadId;
pub use url::open;

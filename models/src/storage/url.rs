//! Opening the storage that a URL names. The scheme is looked at here and nowhere else.

use std::sync::Arc;

use url::Url;

use super::backend::Storage;
use super::error::StorageError;
use super::local::LocalStorage;
use super::s3::{S3Location, S3Storage};
use super::setting::SettingPart;

/// Opens `file:///folder` or `s3://bucket/prefix?endpoint=…` (see [`S3Location`]).
///
/// A folder is made if needed. A bucket is not contacted: a process may start while the storage is
/// away. Ask [`Storage::health`] to find out at once whether the setting works.
///
/// # Errors
///
/// [`StorageError::Setting`] for what cannot be a storage; [`StorageError::Io`] for a folder that
/// cannot be made.
pub async fn open(url: &str) -> Result<Arc<dyn Storage>, StorageError> {
    let expected = "expected file:///folder or s3://bucket?endpoint=…";
    let wrong = |part, problem: String| StorageError::Setting { part, problem };
    // Not shown: someone may have put a secret into it.
    let url = Url::parse(url).map_err(|e| wrong(SettingPart::Url, format!("{e}; {expected}")))?;
    match url.scheme() {
        "file" => {
            let folder = url
                .to_file_path()
                .map_err(|()| wrong(SettingPart::Path, "expected file:///folder".into()))?;
            Ok(Arc::new(LocalStorage::open(folder).await?))
        }
        "s3" => Ok(Arc::new(S3Storage::open(S3Location::parse(&url)?).await)),
        other => Err(wrong(SettingPart::Scheme, format!("{other:?}: {expected}"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_scheme_chooses() {
        let folder = tempfile::tempdir().unwrap();
        let url = Url::from_file_path(folder.path().join("files")).unwrap();
        open(url.as_str()).await.unwrap().health().await.unwrap();
        for (url, part) in [
            ("files", SettingPart::Url),
            ("ftp://files", SettingPart::Scheme),
            ("file://elsewhere/files", SettingPart::Path),
            ("s3://?endpoint=http://127.0.0.1", SettingPart::Bucket),
        ] {
            let error = open(url).await.err().unwrap();
            assert!(
                matches!(&error, StorageError::Setting { part: found, .. } if *found == part),
                "{url}: {error}"
            );
        }
    }
}

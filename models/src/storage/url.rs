//! Opens the storage backend that a URL names. Only this file looks at the scheme.

use std::sync::Arc;

use url::Url;

use super::backend::Storage;
use super::error::StorageError;
use super::local::LocalStorage;
use super::metered::Metered;
use super::s3::{S3Location, S3Storage};
use super::setting::SettingPart;

/// Opens `file:///folder` or `s3://bucket/prefix?endpoint=…` (see [`S3Location`]).
///
/// A folder is created if needed. A bucket is not contacted, so that a process can start while the
/// storage is unreachable; [`Storage::health`] checks whether the setting works.
///
/// # Errors
///
/// [`StorageError::Setting`] for an invalid URL; [`StorageError::Io`] for a folder that cannot be
/// created.
pub async fn open(url: &str) -> Result<Arc<dyn Storage>, StorageError> {
    let expected = "expected file:///folder or s3://bucket?endpoint=…";
    let wrong = |part, problem: String| StorageError::Setting { part, problem };
    // The URL is not shown, because it may contain a secret.
    let url = Url::parse(url).map_err(|e| wrong(SettingPart::Url, format!("{e}; {expected}")))?;
    match url.scheme() {
        "file" => {
            let folder = url
                .to_file_path()
                .map_err(|()| wrong(SettingPart::Path, "expected file:///folder".into()))?;
            Ok(Arc::new(Metered(LocalStorage::open(folder).await?)))
        }
        "s3" => Ok(Arc::new(Metered(S3Storage::open(S3Location::parse(&url)?).await))),
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

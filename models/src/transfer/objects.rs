//! The objects of one report, each checked by size and SHA-256 on its way.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::domain::ids::ReportId;
use futures::{StreamExt, TryStreamExt, stream};
use tokio_util::io::InspectReader;

use super::{Moved, TransferError, Transport};
use crate::storage::{Storage, StorageError, StorageKey, hash_stream};
use crate::store::{Reference, ReportRows};

/// Objects of a report on their way at once. Most are small, and waiting for answers is what takes
/// the time.
const AT_ONCE: usize = 4;

/// An object to be moved.
struct Object {
    key: StorageKey,
    size_bytes: u64,
    sha256: String,
}

impl Transport<'_> {
    /// Moves the objects of a report, equal bytes once: an archive shares most of its own with what
    /// it was made from.
    pub(super) async fn objects(
        &self,
        rows: &ReportRows,
        there: bool,
        moved: &mut Moved,
    ) -> Result<(), TransferError> {
        let mut equal: BTreeMap<(String, u64), Vec<Object>> = BTreeMap::new();
        for reference in rows.objects() {
            let object = Object::parse(rows.id(), reference)?;
            equal.entry((object.sha256.clone(), object.size_bytes)).or_default().push(object);
        }
        let counts: Vec<Moved> = stream::iter(equal.into_values())
            .map(|objects| self.equal_objects(rows.id(), objects, there))
            .buffer_unordered(AT_ONCE)
            .try_collect()
            .await?;
        for count in counts {
            moved.files += count.files;
            moved.bytes += count.bytes;
            moved.skipped += count.skipped;
        }
        Ok(())
    }

    /// Moves objects that have the same bytes.
    async fn equal_objects(
        &self,
        report: ReportId,
        objects: Vec<Object>,
        there: bool,
    ) -> Result<Moved, TransferError> {
        let mut moved = Moved::default();
        let mut arrived = None;
        for object in &objects {
            if self.has_arrived(object, there).await? {
                (self.progress)(object.size_bytes);
                moved.skipped += 1;
            } else {
                match arrived {
                    None => self.carry(report, object).await?,
                    Some(twin) => self.duplicate(twin, object).await?,
                }
                moved.files += 1;
                moved.bytes += object.size_bytes;
            }
            arrived = arrived.or(Some(&object.key));
        }
        Ok(moved)
    }

    /// Whether an earlier run has brought the object. One that is not right is removed. `checked`: its
    /// bytes were compared before the report's rows came, so its size tells enough.
    async fn has_arrived(&self, object: &Object, checked: bool) -> Result<bool, TransferError> {
        let storage = &*self.to.storage;
        match storage.size(&object.key).await {
            Err(StorageError::NotFound(_)) => return Ok(false),
            Err(error) => return Err(TransferError::target(error)),
            Ok(size_bytes) if size_bytes == object.size_bytes => {
                if checked || has_bytes(storage, object).await.map_err(TransferError::target)? {
                    return Ok(true);
                }
            }
            Ok(_) => {}
        }
        storage.delete(&object.key).await.map_err(TransferError::target)?;
        Ok(false)
    }

    /// Brings an object over and compares what was sent with its row.
    async fn carry(&self, report: ReportId, object: &Object) -> Result<(), TransferError> {
        let wrong = |problem: String| TransferError::Object { report, problem };
        let key = &object.key;
        let body = self.from.storage.open(key, None).await.map_err(|error| match error {
            StorageError::NotFound(_) => wrong(error.to_string()),
            other => TransferError::source(other),
        })?;
        let progress = Arc::clone(self.progress);
        let body = InspectReader::new(body, move |bytes| progress(bytes.len() as u64));
        let sent = self.to.storage.put(key, Box::pin(body), object.size_bytes).await;
        let sent = sent.map_err(|error| match error {
            StorageError::TooLarge { limit } => {
                wrong(format!("{key} is damaged: more than {limit} bytes"))
            }
            StorageError::Source(_) => TransferError::source(error),
            other => TransferError::target(other),
        })?;
        if sent.sha256 == object.sha256 && sent.size_bytes == object.size_bytes {
            return Ok(());
        }
        self.to.storage.delete(key).await.map_err(TransferError::target)?;
        Err(wrong(format!(
            "{key} is damaged: {} bytes with SHA-256 {} instead of {} with {}",
            sent.size_bytes, sent.sha256, object.size_bytes, object.sha256
        )))
    }

    /// Makes an object of one that has arrived with the same bytes.
    async fn duplicate(&self, twin: &StorageKey, object: &Object) -> Result<(), TransferError> {
        let storage = &*self.to.storage;
        storage.copy(twin, &object.key).await.map_err(TransferError::target)?;
        let size_bytes = storage.size(&object.key).await.map_err(TransferError::target)?;
        if size_bytes != object.size_bytes {
            let detail = format!("a copy has {size_bytes} bytes, not {}", object.size_bytes);
            let key = object.key.clone();
            return Err(TransferError::target(StorageError::Damaged { key, detail }));
        }
        (self.progress)(size_bytes);
        Ok(())
    }
}

impl Object {
    fn parse(report: ReportId, reference: Reference) -> Result<Self, TransferError> {
        let Reference { key, size_bytes, sha256 } = reference;
        match StorageKey::parse(&key) {
            Some(key) => Ok(Self { key, size_bytes, sha256 }),
            None => {
                Err(TransferError::Object { report, problem: format!("{key:?} is no storage key") })
            }
        }
    }
}

async fn has_bytes(storage: &dyn Storage, object: &Object) -> Result<bool, StorageError> {
    let mut body = storage.open(&object.key, None).await?;
    let found = hash_stream(&mut body).await.map_err(|error| StorageError::Busy {
        what: "read an object",
        detail: format!("{}: {error}", object.key),
    })?;
    Ok(found.sha256 == object.sha256)
}

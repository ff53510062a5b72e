//! One upload in the local folder, locked by its writer: `data` holds the bytes, `record.json` says how many
//! of them count, and `lock` is locked by whoever writes.
//!
//! Bytes are made durable before the record that counts them. Bytes behind the counted ones are what a
//! process that died did not get to record; the next writer cuts them off.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Seek, SeekFrom, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use chrono::Utc;

use super::folder::{LocalStorage, sync_parent};
use crate::storage::error::{StorageError, io_error};
use crate::storage::hash::hash_file_blocking;
use crate::storage::key::StorageKey;
use crate::storage::record::{Phase, Record, decode, encode};
use crate::storage::running_hash::RunningHash;
use crate::storage::stored::Stored;
use crate::storage::upload_id::UploadId;

/// An upload that nobody else can change. Everything here blocks.
pub(super) struct UploadFile {
    id: UploadId,
    folder: PathBuf,
    /// Unlocked by the system when this is dropped, or when the process ends.
    _lock: File,
    pub record: Record,
}

impl UploadFile {
    /// Begins an upload.
    pub fn create(folder: PathBuf, id: UploadId, key: &StorageKey) -> Result<(), StorageError> {
        fs::create_dir_all(&folder).map_err(io_error("make an upload's folder"))?;
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(false);
        let lock = lock(id, &options, &folder)?;
        if fs::exists(record_path(&folder)).map_err(io_error("look for an upload"))? {
            return Err(StorageError::UploadExists(id));
        }
        // Of a process that died here.
        remove(&data_path(&folder))?;
        let data = File::create_new(data_path(&folder)).map_err(io_error("create a file"))?;
        data.sync_all().map_err(io_error("sync a file"))?;
        let record = Record::new(key);
        let mut upload = Self { id, folder, _lock: lock, record };
        upload.save()?;
        sync_parent(&upload.folder)
    }

    /// Locks an upload that was begun.
    pub fn lock(folder: PathBuf, id: UploadId) -> Result<Self, StorageError> {
        let lock = lock(id, OpenOptions::new().write(true), &folder)?;
        let record = read_record(&folder, id)?;
        Ok(Self { id, folder, _lock: lock, record })
    }

    /// Goes on to write at `offset`.
    pub fn append(self, offset: u64) -> Result<Appender, StorageError> {
        self.record.check_append(self.id, offset)?;
        let mut data = self.data()?;
        data.seek(SeekFrom::Start(offset)).map_err(io_error("seek"))?;
        let hash = self.record.hash();
        Ok(Appender { upload: self, data, hash, pending: 0 })
    }

    /// The file of the bytes, without those that do not count.
    fn data(&self) -> Result<File, StorageError> {
        let path = data_path(&self.folder);
        let data = OpenOptions::new().write(true).open(path);
        let data = data.map_err(io_error("open an upload"))?;
        let len = data.metadata().map_err(io_error("look at an upload"))?.len();
        if len < self.record.size_bytes {
            let detail = format!("{} bytes are recorded, {len} are there", self.record.size_bytes);
            return Err(StorageError::UploadDamaged { id: self.id, detail });
        }
        data.set_len(self.record.size_bytes).map_err(io_error("truncate an upload"))?;
        Ok(data)
    }

    /// Makes the bytes an object. The phase is recorded first, so that no process can append to the file
    /// once it has a second name.
    pub fn finish(mut self, storage: &LocalStorage) -> Result<Stored, StorageError> {
        let data_path = data_path(&self.folder);
        if let Phase::Finished { sha256 } = &self.record.phase {
            let stored = self.record.stored(sha256);
            remove(&data_path)?;
            return Ok(stored);
        }
        let data = self.data()?;
        // As old as the object, not as its last byte.
        data.set_modified(SystemTime::now()).map_err(io_error("touch an upload"))?;
        data.sync_all().map_err(io_error("sync an upload"))?;
        self.record.phase = Phase::Finishing;
        self.save()?;
        let sha256 = match self.record.hash().finish() {
            Some(sha256) => sha256,
            None => hash_file_blocking(&data_path).map_err(io_error("hash a file"))?.sha256,
        };
        let stored = self.record.stored(&sha256);
        let key = self.record.key(self.id)?;
        match storage.publish_blocking(&data_path, &key) {
            Err(StorageError::Exists(_)) if self.is_stored(&storage.path(&key), &stored)? => {}
            done => done?,
        }
        sync_parent(&storage.path(&key))?;
        self.record.phase = Phase::Finished { sha256 };
        self.save()?;
        remove(&data_path)?;
        Ok(stored)
    }

    /// Whether an object is this upload, or has the same bytes.
    fn is_stored(&self, object: &Path, stored: &Stored) -> Result<bool, StorageError> {
        if self.is_linked_as(object)? {
            return Ok(true);
        }
        let failed = io_error("compare an object");
        let len = fs::metadata(object).map_err(&failed)?.len();
        Ok(len == stored.size_bytes && hash_file_blocking(object).map_err(&failed)? == *stored)
    }

    fn is_linked_as(&self, object: &Path) -> Result<bool, StorageError> {
        let both = fs::metadata(object)
            .and_then(|object| Ok(is_same_file(&object, &fs::metadata(data_path(&self.folder))?)));
        match both {
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(false),
            compared => compared.map_err(io_error("compare an object")),
        }
    }

    /// Removes the upload; without its record it is gone.
    pub fn remove(self, storage: &LocalStorage) -> Result<(), StorageError> {
        // Nobody was told that the object is there.
        if self.record.phase == Phase::Finishing {
            let object = storage.path(&self.record.key(self.id)?);
            if self.is_linked_as(&object)? {
                remove(&object)?;
            }
        }
        remove(&record_path(&self.folder))?;
        fs::remove_dir_all(&self.folder).map_err(io_error("remove an upload"))
    }

    fn save(&mut self) -> Result<(), StorageError> {
        self.record.modified = Utc::now();
        let failed = io_error("write an upload's record");
        let (path, new) = (record_path(&self.folder), self.folder.join("record.new"));
        let mut file = File::create(&new).map_err(&failed)?;
        file.write_all(&encode(self.id, &self.record)?).map_err(&failed)?;
        file.sync_all().map_err(&failed)?;
        fs::rename(&new, &path).map_err(&failed)?;
        sync_parent(&path)
    }
}

/// An upload to which bytes are written.
pub(super) struct Appender {
    upload: UploadFile,
    data: File,
    /// Of all bytes, the pending ones too.
    hash: RunningHash,
    /// Bytes that were written and are not recorded yet.
    pending: u64,
}

impl Appender {
    /// The size with all that was written.
    pub fn size_bytes(&self) -> u64 {
        self.upload.record.size_bytes + self.pending
    }

    /// How many bytes are not recorded yet.
    pub fn pending(&self) -> u64 {
        self.pending
    }

    /// Writes bytes at the end.
    pub fn write(&mut self, bytes: &[u8]) -> Result<(), StorageError> {
        self.data.write_all(bytes).map_err(io_error("write a file"))?;
        self.hash.update(bytes);
        self.pending += bytes.len() as u64;
        Ok(())
    }

    /// Makes what was written durable, and counts it.
    pub fn commit(&mut self) -> Result<(), StorageError> {
        if self.pending == 0 {
            return Ok(());
        }
        self.data.sync_data().map_err(io_error("sync a file"))?;
        self.upload.record.grow(self.pending, &self.hash);
        self.pending = 0;
        self.upload.save()
    }
}

/// The record of an upload, as its writer left it last.
pub(super) fn read_record(folder: &Path, id: UploadId) -> Result<Record, StorageError> {
    match fs::read(record_path(folder)) {
        Ok(bytes) => decode(id, &bytes, |record| record),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Err(StorageError::NoUpload(id)),
        Err(e) => Err(io_error("read an upload's record")(e)),
    }
}

fn lock(id: UploadId, options: &OpenOptions, folder: &Path) -> Result<File, StorageError> {
    let failed = io_error("lock an upload");
    let path = folder.join("lock");
    let missing = |e: io::Error| match e.kind() {
        io::ErrorKind::NotFound => StorageError::NoUpload(id),
        _ => failed(e),
    };
    let file = options.open(&path).map_err(missing)?;
    match file.try_lock() {
        Err(TryLockError::WouldBlock) => return Err(StorageError::UploadConflict(id)),
        Err(TryLockError::Error(e)) => return Err(failed(e)),
        Ok(()) => {}
    }
    // Whoever had the lock before may have removed the upload, and this file with it.
    let ours = file.metadata().map_err(&failed)?;
    let there = fs::metadata(&path).map_err(missing)?;
    if is_same_file(&there, &ours) { Ok(file) } else { Err(StorageError::UploadConflict(id)) }
}

fn is_same_file(a: &fs::Metadata, b: &fs::Metadata) -> bool {
    (a.dev(), a.ino()) == (b.dev(), b.ino())
}

fn remove(path: &Path) -> Result<(), StorageError> {
    match fs::remove_file(path) {
        Err(e) if e.kind() != io::ErrorKind::NotFound => Err(io_error("remove a file")(e)),
        _ => Ok(()),
    }
}

fn data_path(folder: &Path) -> PathBuf {
    folder.join("data")
}

fn record_path(folder: &Path) -> PathBuf {
    folder.join("record.json")
}

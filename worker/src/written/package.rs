//! Parts of zipped documents, unpacked within bounds.

use std::io::{Cursor, Read};

use zip::ZipArchive;
use zip::result::ZipError;

use super::{WrittenError, WrittenLimits};

/// More entries than this no report has.
const MAX_ENTRIES: usize = 10_000;

/// A zipped document.
pub struct Package<'a> {
    archive: ZipArchive<Cursor<&'a [u8]>>,
    max_bytes: u64,
}

impl<'a> Package<'a> {
    /// Opens a zipped document.
    pub fn open(bytes: &'a [u8], limits: &WrittenLimits) -> Result<Self, WrittenError> {
        let archive = ZipArchive::new(Cursor::new(bytes)).map_err(WrittenError::broken)?;
        if archive.len() > MAX_ENTRIES {
            return Err(WrittenError::TooLarge { limit: MAX_ENTRIES as u64 });
        }
        Ok(Self { archive, max_bytes: limits.max_unpacked_bytes })
    }

    /// Unpacks a part; `None` if there is none of this name. What counts is what comes out, not
    /// the size that the archive claims.
    pub fn part(&mut self, name: &str) -> Result<Option<Vec<u8>>, WrittenError> {
        let part = match self.archive.by_name(name) {
            Ok(part) => part,
            Err(ZipError::FileNotFound) => return Ok(None),
            Err(error) => return Err(WrittenError::broken(error)),
        };
        let mut bytes = Vec::new();
        part.take(self.max_bytes + 1).read_to_end(&mut bytes).map_err(WrittenError::broken)?;
        if bytes.len() as u64 > self.max_bytes {
            return Err(WrittenError::TooLarge { limit: self.max_bytes });
        }
        Ok(Some(bytes))
    }

    /// Like [`Self::part`], for a part that every document of its kind has.
    pub fn needed(&mut self, name: &str) -> Result<Vec<u8>, WrittenError> {
        self.part(name)?.ok_or_else(|| WrittenError::Broken(format!("it has no {name}")))
    }
}

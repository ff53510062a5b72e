//! The zip container of DOCX and ODT, read within a budget.

use std::io::{Cursor, Read};

use zip::ZipArchive;
use zip::result::ZipError;

use super::WrittenError;

/// Documents have tens of entries, pictures included; more is an attack on the reader.
const MAX_ENTRIES: usize = 10_000;

/// An open container.
pub struct Package<'a> {
    archive: ZipArchive<Cursor<&'a [u8]>>,
    /// Bytes that may still be unpacked, over all entries.
    budget: u64,
}

impl<'a> Package<'a> {
    /// Reads the list of entries.
    pub fn open(bytes: &'a [u8], max_unpacked_bytes: u64) -> Result<Self, WrittenError> {
        let archive = ZipArchive::new(Cursor::new(bytes))?;
        if archive.len() > MAX_ENTRIES {
            return Err(WrittenError::TooLarge(format!("more than {MAX_ENTRIES} zip entries")));
        }
        // What entries say of their sizes is not believed when it is little, but an archive that
        // itself says it is a bomb need not be asked twice.
        let declared = archive.decompressed_size();
        if declared.is_some_and(|size| size > u128::from(max_unpacked_bytes)) {
            return Err(WrittenError::TooLarge("the parts unpack to too much".into()));
        }
        Ok(Self { archive, budget: max_unpacked_bytes })
    }

    /// Whether there is an entry of this name.
    pub fn has(&self, name: &str) -> bool {
        self.archive.index_for_name(name).is_some()
    }

    /// Unpacks a part that is UTF-8 text, or nothing if there is no such entry.
    pub fn part(&mut self, name: &str) -> Result<Option<String>, WrittenError> {
        let entry = match self.archive.by_name(name) {
            Err(ZipError::FileNotFound) => return Ok(None),
            entry => entry?,
        };
        let mut bytes = Vec::new();
        // What an entry says about its size is not believed.
        entry
            .take(self.budget.saturating_add(1))
            .read_to_end(&mut bytes)
            .map_err(|error| WrittenError::Broken(format!("{name}: {error}")))?;
        self.budget = self
            .budget
            .checked_sub(bytes.len() as u64)
            .ok_or_else(|| WrittenError::TooLarge(format!("{name} unpacks to too much")))?;
        String::from_utf8(bytes)
            .map(Some)
            .map_err(|_| WrittenError::Broken(format!("{name} is not UTF-8")))
    }

    /// Unpacks a part without which there is no document.
    pub fn required_part(&mut self, name: &str) -> Result<String, WrittenError> {
        self.part(name)?.ok_or_else(|| WrittenError::Broken(format!("{name} is missing")))
    }
}

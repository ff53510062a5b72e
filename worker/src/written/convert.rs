//! Older documents (`.doc`, `.wps`, `.rtf`), brought into the format that is read here by LibreOffice.
//!
//! LibreOffice runs inside the child that calls this (LibreOfficeKit), so that what confines the child confines
//! it as well: a program of its own would need system calls that start programs, and sockets.

use std::path::{Path, PathBuf};

use libreofficekit::{DocUrl, Office, OfficeError};

use super::WrittenError;

/// LibreOffice's name of DOCX.
const DOCX: &str = "docx";

/// Its part that reads texts, which can be missing.
const WRITER: &str = "libswlo.so";

/// The folder of LibreOffice's program where packages put it, or `None`.
pub fn find_libreoffice() -> Option<PathBuf> {
    Office::find_install_path().filter(|folder| is_libreoffice(folder))
}

/// Whether a folder has the program of a LibreOffice that reads texts.
pub fn is_libreoffice(folder: &Path) -> bool {
    folder.join(WRITER).exists()
}

/// Writes the document at `from` to `to`, as DOCX, by the LibreOffice whose program is in a folder. It makes its
/// profile at the URL in the variable `UserInstallation`. To be called once in a process.
///
/// # Errors
/// [`WrittenError::Broken`] for what it cannot open, [`WrittenError::Io`] if it does not start.
pub fn to_docx(libreoffice: &Path, from: &Path, to: &Path) -> Result<(), WrittenError> {
    let office = Office::new(libreoffice).map_err(|error| cannot_start(&error))?;
    let broken = |error: OfficeError| WrittenError::Broken(format!("LibreOffice: {error}"));
    let (from, to) = (url(from)?, url(to)?);
    let mut document = office.document_load(&from).map_err(broken)?;
    let written = document.save_as(&to, DOCX, None).map_err(broken)?;
    // Its destructors crash in some versions, and this process is about to end.
    std::mem::forget(document);
    std::mem::forget(office);
    if written { Ok(()) } else { Err(WrittenError::Broken("LibreOffice wrote nothing".into())) }
}

fn url(path: &Path) -> Result<DocUrl, WrittenError> {
    DocUrl::from_path(path).map_err(|error| cannot_start(&error))
}

/// Not the document's fault.
fn cannot_start(error: &OfficeError) -> WrittenError {
    WrittenError::Io(std::io::Error::other(format!("LibreOffice: {error}")))
}

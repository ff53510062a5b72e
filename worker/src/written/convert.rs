//! Documents brought into another format by LibreOffice: older ones (`.doc`, `.wps`, `.rtf`) into the one that is
//! read here, and exports into PDF.
//!
//! LibreOffice runs inside the child that calls this (LibreOfficeKit), so that what confines the child confines
//! it as well: a program of its own would need system calls that start programs, and sockets.

use std::path::{Path, PathBuf};

use libreofficekit::{DocUrl, Office, OfficeError};

use serde::{Deserialize, Serialize};

use super::WrittenError;
use super::fonts::{FOLDERS, is_chinese_font_in};

/// The file beside the output that tells fontconfig what stands for fonts that are not installed. The variable
/// `FONTCONFIG_FILE` names it.
pub const FONTS: &str = "fonts.conf";

/// What a document is brought into.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OfficeFormat {
    /// For reading its text.
    Docx,
    /// For printing. Fonts are embedded.
    Pdf,
}

impl OfficeFormat {
    /// LibreOffice's name of it.
    const fn name(self) -> &'static str {
        match self {
            Self::Docx => "docx",
            Self::Pdf => "pdf",
        }
    }
}

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

/// Writes the document at `from` to `to`, in a format, by the LibreOffice whose program is in a folder. It makes its
/// profile at the URL in the variable `UserInstallation`. To be called once in a process.
///
/// # Errors
/// [`WrittenError::Broken`] for what it cannot open, [`WrittenError::Io`] if it does not start,
/// [`WrittenError::NoFont`] for PDF on a machine without a Chinese font.
pub fn convert(
    libreoffice: &Path,
    from: &Path,
    to: &Path,
    format: OfficeFormat,
) -> Result<(), WrittenError> {
    let has_font = || FOLDERS.iter().any(|folder| is_chinese_font_in(Path::new(folder)));
    if format == OfficeFormat::Pdf && !has_font() {
        return Err(WrittenError::NoFont);
    }
    std::fs::write(to.with_file_name(FONTS), include_str!("fonts.conf"))?;
    let office = Office::new(libreoffice).map_err(|error| cannot_start(&error))?;
    let broken = |error: OfficeError| WrittenError::Broken(format!("LibreOffice: {error}"));
    let (from, to) = (url(from)?, url(to)?);
    let mut document = office.document_load(&from).map_err(broken)?;
    let written = document.save_as(&to, format.name(), None).map_err(broken)?;
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

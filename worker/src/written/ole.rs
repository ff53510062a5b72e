//! OLE compound files: what of Word's and Kingsoft's is inside.

use std::io::{Cursor, Read, Seek, SeekFrom};

use cfb::CompoundFile;

use super::WrittenError;

/// The stream of a document of Word, and of Kingsoft's WPS, which writes the same format.
const DOCUMENT: &str = "/WordDocument";
/// The stream of a DOCX that is encrypted.
const ENCRYPTED: &str = "/EncryptedPackage";

/// Where the flags of a document are in its stream, and which of them says that it is encrypted
/// ([MS-DOC] 2.5.2, `FibBase.fEncrypted`).
const FLAGS_AT: u64 = 10;
const IS_ENCRYPTED: u16 = 0x0100;

/// Fails, because none is read here: says which kind of file it is, and whether it needs a password.
pub fn refuse(bytes: &[u8]) -> WrittenError {
    let Ok(mut file) = CompoundFile::open(Cursor::new(bytes)) else {
        return WrittenError::Broken("an OLE compound file whose directory cannot be read".into());
    };
    if file.exists(ENCRYPTED) {
        return WrittenError::Encrypted;
    }
    if !file.exists(DOCUMENT) {
        return WrittenError::Unsupported("an OLE compound file without a document".into());
    }
    match flags(&mut file) {
        Ok(flags) if flags & IS_ENCRYPTED != 0 => WrittenError::Encrypted,
        Ok(_) => WrittenError::OldFormat,
        Err(error) => WrittenError::Broken(format!("no document in an OLE compound file: {error}")),
    }
}

fn flags(file: &mut CompoundFile<Cursor<&[u8]>>) -> std::io::Result<u16> {
    let mut stream = file.open_stream(DOCUMENT)?;
    stream.seek(SeekFrom::Start(FLAGS_AT))?;
    let mut flags = [0; 2];
    stream.read_exact(&mut flags)?;
    Ok(u16::from_le_bytes(flags))
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn with(streams: &[(&str, &[u8])]) -> Vec<u8> {
        let mut file = CompoundFile::create(Cursor::new(Vec::new())).unwrap();
        for (name, content) in streams {
            file.create_stream(name).unwrap().write_all(content).unwrap();
        }
        file.into_inner().into_inner()
    }

    #[test]
    fn what_needs_a_password_is_told_from_what_needs_converting() {
        let document = |flags: u16| {
            let mut stream = vec![0; 32];
            stream[10..12].copy_from_slice(&flags.to_le_bytes());
            with(&[(DOCUMENT, &stream)])
        };
        assert!(matches!(refuse(&document(0x0200)), WrittenError::OldFormat));
        assert!(matches!(refuse(&document(0x0300)), WrittenError::Encrypted));
        assert!(matches!(refuse(&with(&[(ENCRYPTED, b"x")])), WrittenError::Encrypted));
        assert!(matches!(refuse(&with(&[("/Workbook", b"x")])), WrittenError::Unsupported(_)));
        assert!(matches!(refuse(&with(&[(DOCUMENT, b"short")])), WrittenError::Broken(_)));
        assert!(matches!(refuse(&document(0)[..600]), WrittenError::Broken(_)));
    }
}

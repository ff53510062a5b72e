//! PDF.

use std::panic;

use pdf_extract::{Document, PlainTextOutput, output_doc, output_doc_encrypted};

use super::WrittenError;

/// The text layer, page after page; empty for a scan.
pub fn text(bytes: Vec<u8>) -> Result<String, WrittenError> {
    // The parser panics on some damaged files. What it was working on goes with it.
    let hook = panic::take_hook();
    panic::set_hook(Box::new(|_| {}));
    let result = panic::catch_unwind(move || read(&bytes));
    panic::set_hook(hook);
    result.unwrap_or_else(|_| Err(WrittenError::Broken("its parser gave up".into())))
}

fn read(bytes: &[u8]) -> Result<String, WrittenError> {
    let mut document = Document::load_mem(bytes).map_err(|error| {
        // Some encrypted files cannot even be loaded.
        let encrypted = error.to_string().to_lowercase().contains("password");
        if encrypted { WrittenError::Encrypted } else { WrittenError::broken(error) }
    })?;
    let mut text = String::new();
    let mut output = PlainTextOutput::new(&mut text);
    if document.is_encrypted() {
        // With an empty password, a file only forbids printing or copying.
        output_doc_encrypted(&mut document, &mut output, "")
            .map_err(|_| WrittenError::Encrypted)?;
    } else {
        output_doc(&document, &mut output).map_err(WrittenError::broken)?;
    }
    Ok(text)
}

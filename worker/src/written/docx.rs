//! Word documents (ECMA-376).

use quick_xml::Reader;
use quick_xml::events::Event;

use super::package::Package;
use super::{WrittenError, WrittenLimits};

/// The body's text, a line for each paragraph.
pub fn text(bytes: &[u8], limits: &WrittenLimits) -> Result<String, WrittenError> {
    let body = Package::open(bytes, limits)?.needed("word/document.xml")?;
    read(&body)
}

fn read(xml: &[u8]) -> Result<String, WrittenError> {
    let mut reader = Reader::from_reader(xml);
    let mut text = String::new();
    // Inside `w:t`, which alone holds text; and how deep inside something that is not to be read:
    // deleted text, and the older form of what a text box says already.
    let (mut in_text, mut skipped) = (false, 0_u32);
    loop {
        match reader.read_event().map_err(WrittenError::broken)? {
            Event::Eof => return Ok(text),
            Event::Start(tag) => match tag.name().as_ref() {
                "w:del" | "mc:Fallback" | "w:moveFrom" => skipped += 1,
                "w:t" => in_text = skipped == 0,
                _ => {}
            },
            Event::End(tag) => match tag.name().as_ref() {
                "w:del" | "mc:Fallback" | "w:moveFrom" => skipped = skipped.saturating_sub(1),
                "w:t" => in_text = false,
                "w:p" if skipped == 0 => text.push('\n'),
                _ => {}
            },
            Event::Empty(tag) if skipped == 0 => match tag.name().as_ref() {
                "w:tab" => text.push('\t'),
                "w:br" | "w:cr" | "w:p" => text.push('\n'),
                _ => {}
            },
            Event::Text(run) if in_text => {
                text.push_str(&run);
            }
            Event::GeneralRef(name) if in_text => push_reference(&mut text, &name)?,
            _ => {}
        }
    }
}

/// A character reference, or one of XML's five names.
pub(super) fn push_reference(
    text: &mut String,
    reference: &quick_xml::events::BytesRef<'_>,
) -> Result<(), WrittenError> {
    if let Some(c) = reference.resolve_char_ref().map_err(WrittenError::broken)? {
        text.push(c);
    } else {
        text.push_str(quick_xml::escape::resolve_predefined_entity(reference).unwrap_or_default());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deleted_text_and_older_forms_are_left_out() {
        let xml = "<w:document><w:body><w:p><w:r><w:t>敬爱的</w:t></w:r><w:del><w:r><w:t>老</w:t></w:r></w:del>\
                   <w:r><w:t>党组织&amp;&#x4eec;</w:t><w:tab/></w:r></w:p><mc:Fallback><w:p><w:t>旧</w:t></w:p></mc:Fallback>\
                   <w:p><w:r><w:t>二</w:t></w:r></w:p></w:body></w:document>";
        assert_eq!(read(xml.as_bytes()).unwrap(), "敬爱的党组织&们\t\n二\n");
    }
}

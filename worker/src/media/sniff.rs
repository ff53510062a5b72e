//! Whether a file was cut off, by the sizes that its parts state.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

/// The boxes that stand at the top of MP4 and QuickTime files (ISO/IEC 14496-12).
const TOP_BOXES: [&[u8; 4]; 10] =
    [b"ftyp", b"moov", b"mdat", b"free", b"skip", b"wide", b"pnot", b"uuid", b"moof", b"styp"];

/// Whether this is an MP4 or QuickTime file whose end is missing: its index was never written, or
/// a box reaches past the end of the file.
pub fn is_cut_off_mp4(path: &Path) -> io::Result<bool> {
    let mut file = File::open(path)?;
    let length = file.metadata()?.len();
    let (mut position, mut index_seen) = (0, false);
    while position + 8 <= length {
        file.seek(SeekFrom::Start(position))?;
        let Some((kind, size)) = read_box_header(&mut file)? else { break };
        if !TOP_BOXES.contains(&&kind) {
            // Rubbish from the start is no MP4; rubbish after a box is what a cut leaves behind.
            return Ok(position > 0 && !index_seen);
        }
        index_seen |= &kind == b"moov";
        // Size 0 reaches to the end of the file.
        let end = if size == 0 { length } else { position.saturating_add(size.max(8)) };
        if end > length {
            return Ok(true);
        }
        position = end;
    }
    Ok(position > 0 && !index_seen)
}

/// How many milliseconds of further recordings stand behind the first one in an MP4 or QuickTime file: files
/// that were put together byte by byte, of which players show the first only.
pub fn appended_mp4_ms(path: &Path) -> io::Result<u64> {
    let mut file = File::open(path)?;
    let length = file.metadata()?.len();
    let (mut index_seen, mut appended) = (false, 0_u64);
    let mut position = 0;
    while let Some((kind, end)) = next_box(&mut file, position, length)? {
        if &kind == b"moov" {
            if index_seen {
                appended = appended.saturating_add(movie_ms(&mut file, position + 8, end)?);
            }
            index_seen = true;
        }
        position = end;
    }
    Ok(appended)
}

/// The duration in the header (`mvhd`) of an index whose content is from `position` to `end`.
fn movie_ms(file: &mut File, mut position: u64, end: u64) -> io::Result<u64> {
    while let Some((kind, next)) = next_box(file, position, end)? {
        if &kind != b"mvhd" {
            position = next;
            continue;
        }
        let mut header = [0; 32];
        file.seek(SeekFrom::Start(position + 8))?;
        file.read_exact(&mut header)?;
        let word = |at: usize| {
            header[at..at + 4].iter().fold(0_u64, |number, byte| number << 8 | u64::from(*byte))
        };
        // Version 1 has times of 64 bits before the scale, and a duration of 64 bits after it.
        let (scale, duration) = if header[0] == 1 {
            (word(20), word(24) << 32 | word(28))
        } else {
            (word(12), word(16))
        };
        return Ok(duration.saturating_mul(1000).checked_div(scale).unwrap_or(0));
    }
    Ok(0)
}

/// Type and end of the box at `position`, if there is a whole one before `limit`.
fn next_box(file: &mut File, position: u64, limit: u64) -> io::Result<Option<([u8; 4], u64)>> {
    if position + 8 > limit {
        return Ok(None);
    }
    file.seek(SeekFrom::Start(position))?;
    let Some((kind, size)) = read_box_header(file)? else { return Ok(None) };
    let end = if size == 0 { limit } else { position.saturating_add(size.max(8)) };
    Ok((end <= limit).then_some((kind, end)))
}

/// Whether this is an AVI file whose end is missing: a part of it reaches past the end of the file.
/// Parts of size zero were never finished, and are as long as what can be read of them.
pub fn is_cut_off_avi(path: &Path) -> io::Result<bool> {
    let mut file = File::open(path)?;
    let length = file.metadata()?.len();
    let mut position = 0;
    while position + 8 <= length {
        file.seek(SeekFrom::Start(position))?;
        let mut header = [0; 8];
        file.read_exact(&mut header)?;
        let [.., a, b, c, d] = header;
        if !header.starts_with(b"RIFF") {
            break;
        }
        let size = u64::from(u32::from_le_bytes([a, b, c, d]));
        if size == 0 {
            break;
        }
        position += 8 + size + size % 2;
    }
    // The last part may lack its padding.
    Ok(position > length + 1)
}

fn read_box_header(file: &mut File) -> io::Result<Option<([u8; 4], u64)>> {
    let mut header = [0; 16];
    if file.read(&mut header)? < 8 {
        return Ok(None);
    }
    let header = u128::from_be_bytes(header);
    // Shifted so far, what is left fits: 32 bits of size, 32 of type, 64 of large size.
    #[expect(clippy::cast_possible_truncation, reason = "the lower bits are what is wanted")]
    let (small, kind, large) = ((header >> 96) as u32, (header >> 64) as u32, header as u64);
    let size = if small == 1 { large } else { u64::from(small) };
    Ok(Some((kind.to_be_bytes(), size)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut_off(bytes: &[u8]) -> bool {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        std::fs::write(&path, bytes).unwrap();
        is_cut_off_mp4(&path).unwrap()
    }

    #[test]
    fn a_missing_index_or_end_is_seen() {
        assert!(cut_off(b"\0\0\0\x08ftyp\0\0\x01\0mdat and so on"), "mdat reaches past the end");
        assert!(cut_off(b"\0\0\0\x08ftyp\0\0\0\x08mdat"), "no index");
        assert!(!cut_off(b"\0\0\0\x08ftyp\0\0\0\x08moov\0\0\0\x08mdat"));
    }

    #[test]
    fn a_recording_behind_another_is_measured() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        let header = |scale: u32, duration: u32| {
            let mut moov =
                [&116_u32.to_be_bytes()[..], b"moov", &108_u32.to_be_bytes(), b"mvhd"].concat();
            moov.extend(
                [[0; 4], [0; 4], [0; 4], scale.to_be_bytes(), duration.to_be_bytes()].concat(),
            );
            moov.resize(116, 0);
            moov
        };
        let one = [b"\0\0\0\x08ftyp".to_vec(), header(600, 1800)].concat();
        std::fs::write(&path, &one).unwrap();
        assert_eq!(appended_mp4_ms(&path).unwrap(), 0);
        std::fs::write(&path, [one, header(1000, 2500)].concat()).unwrap();
        assert_eq!(appended_mp4_ms(&path).unwrap(), 2500);
        std::fs::write(&path, "敬爱的党组织：您好！").unwrap();
        assert_eq!(appended_mp4_ms(&path).unwrap(), 0);
    }

    #[test]
    fn an_avi_part_that_reaches_past_the_end_is_seen() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        for (bytes, cut) in [
            (&b"RIFF\x08\0\0\0AVI LIST"[..], false),
            (b"RIFF\x40\0\0\0AVI LIST", true),
            (b"RIFF\0\0\0\0AVI LIST", false),
        ] {
            std::fs::write(&path, bytes).unwrap();
            assert_eq!(is_cut_off_avi(&path).unwrap(), cut);
        }
    }

    #[test]
    fn rubbish_is_not_a_cut_off_recording() {
        assert!(!cut_off("敬爱的党组织：您好！".as_bytes()));
        assert!(!cut_off(b""));
    }
}

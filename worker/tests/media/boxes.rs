//! Changes to MP4 files that the `ffmpeg` tool does not make.

use std::path::Path;

/// Replaces the content of a box. `path` names the boxes around it from the outside, each with how many
/// of its kind come before. The index must stand at the end of the file, where sizes may change.
pub fn replace(file: &Path, path: &[(&[u8; 4], usize)], content: &[u8]) {
    let mut bytes = std::fs::read(file).unwrap();
    let spans = find(&bytes, path);
    let &(start, end) = spans.last().unwrap();
    let grown = i64::try_from(content.len()).unwrap() - i64::try_from(end - start - 8).unwrap();
    bytes.splice(start + 8..end, content.iter().copied());
    for (start, end) in spans {
        let size = u32::try_from(i64::try_from(end - start).unwrap() + grown).unwrap();
        bytes[start..start + 4].copy_from_slice(&size.to_be_bytes());
    }
    std::fs::write(file, bytes).unwrap();
}

/// The content of a box.
pub fn content(file: &Path, path: &[(&[u8; 4], usize)]) -> Vec<u8> {
    let bytes = std::fs::read(file).unwrap();
    let &(start, end) = find(&bytes, path).last().unwrap();
    bytes[start + 8..end].to_vec()
}

/// The edit list of a track, with one entry of a duration (in the movie's unit) and a start (in the
/// track's).
pub fn set_edit(file: &Path, track: usize, edits: &[(u32, u32)]) {
    let count = u32::try_from(edits.len()).unwrap();
    let mut content = [[0; 4], count.to_be_bytes()].concat();
    for (duration, start) in edits {
        content.extend(duration.to_be_bytes());
        content.extend(start.to_be_bytes());
        content.extend([0, 1, 0, 0]);
    }
    replace(file, &[(b"moov", 0), (b"trak", track), (b"edts", 0), (b"elst", 0)], &content);
}

/// The time table of a track: runs of samples with the same duration.
pub fn set_durations(file: &Path, track: usize, runs: &[(u32, u32)]) {
    let count = u32::try_from(runs.len()).unwrap();
    let mut content = [[0; 4], count.to_be_bytes()].concat();
    for (samples, duration) in runs {
        content.extend(samples.to_be_bytes());
        content.extend(duration.to_be_bytes());
    }
    let table = [(b"mdia", 0), (b"minf", 0), (b"stbl", 0), (b"stts", 0)];
    let path: Vec<(&[u8; 4], usize)> =
        [(b"moov", 0), (b"trak", track)].into_iter().chain(table).collect();
    replace(file, &path, &content);
}

/// The linear part of the picture track's matrix.
pub fn set_matrix(file: &Path, [a, b, c, d]: [i32; 4]) {
    let path: [(&[u8; 4], usize); 3] = [(b"moov", 0), (b"trak", 0), (b"tkhd", 0)];
    let mut header = content(file, &path);
    for (place, value) in [(40, a), (44, b), (52, c), (56, d)] {
        header[place..place + 4].copy_from_slice(&(value << 16).to_be_bytes());
    }
    replace(file, &path, &header);
}

/// Start and end of each box on a path.
fn find(bytes: &[u8], path: &[(&[u8; 4], usize)]) -> Vec<(usize, usize)> {
    let (mut from, mut to) = (0, bytes.len());
    let mut spans = Vec::new();
    for &(kind, mut before) in path {
        loop {
            assert!(from + 8 <= to, "no {}", String::from_utf8_lossy(kind));
            let size = u32::from_be_bytes(bytes[from..from + 4].try_into().unwrap()) as usize;
            if &bytes[from + 4..from + 8] == kind {
                if before == 0 {
                    spans.push((from, from + size));
                    (from, to) = (from + 8, from + size);
                    break;
                }
                before -= 1;
            }
            from += size;
        }
    }
    spans
}

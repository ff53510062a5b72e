//! Joins the bytes of tokens to text.

/// Joins bytes that may split characters. Invalid bytes are dropped.
#[derive(Debug, Default)]
pub struct Utf8Joiner {
    incomplete: Vec<u8>,
}

impl Utf8Joiner {
    /// The characters that these bytes complete.
    pub fn push(&mut self, bytes: &[u8]) -> String {
        self.incomplete.extend_from_slice(bytes);
        let complete = match std::str::from_utf8(&self.incomplete) {
            // Incomplete at the end; any other error is an invalid byte.
            Err(error) if error.error_len().is_none() => error.valid_up_to(),
            _ => self.incomplete.len(),
        };
        let text = String::from_utf8_lossy(&self.incomplete[..complete]).replace('\u{fffd}', "");
        self.incomplete.drain(..complete);
        text
    }

    /// Whether the bytes so far end within a character.
    pub const fn is_incomplete(&self) -> bool {
        !self.incomplete.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn split_characters_are_joined_and_invalid_bytes_dropped() {
        let mut joiner = Utf8Joiner::default();
        let party = "党".as_bytes();
        assert_eq!(joiner.push(&party[..2]), "");
        assert_eq!(joiner.push(&party[2..]), "党");
        assert_eq!(joiner.push(b"\xff\xe5\x85\x9a"), "党");
    }
}

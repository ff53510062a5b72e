//! What a message looks like: ids and a version, nothing else.

use serde::{Deserialize, Serialize};

use crate::domain::job::JobMessage;

/// Version of the format.
const VERSION: u8 = 1;

#[derive(Serialize, Deserialize)]
struct Message {
    v: u8,
    #[serde(flatten)]
    message: JobMessage,
}

/// The body of a message.
pub fn encode(message: &JobMessage) -> Vec<u8> {
    // A struct of ids and a number has nothing that could not be written.
    serde_json::to_vec(&Message { v: VERSION, message: *message }).unwrap_or_default()
}

/// The message in a body, or why there is none.
pub fn decode(body: &[u8]) -> Result<JobMessage, String> {
    let message: Message = serde_json::from_slice(body).map_err(|error| error.to_string())?;
    if message.v != VERSION {
        return Err(format!("version {} is not known", message.v));
    }
    Ok(message.message)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::job::Stage;
    use uuid::Uuid;

    #[test]
    fn messages_read_back_and_others_are_refused() {
        let message = JobMessage { job_id: Uuid::nil(), stage: Stage::Archive, token: 7 };
        let body = encode(&message);
        let text = String::from_utf8(body.clone()).unwrap();
        assert_eq!(
            text,
            r#"{"v":1,"job_id":"00000000-0000-0000-0000-000000000000","stage":"archive","token":7}"#
        );
        assert_eq!(decode(&body), Ok(message));
        assert!(decode(text.replace("\"v\":1", "\"v\":2").as_bytes()).is_err());
        assert!(decode(b"hello").is_err());
    }
}

//! What a message looks like: an id and a version, nothing else. Its queue tells how urgent it is.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::domain::job::{JobMessage, Urgency};

/// Version of the format. The first one named a stage and a task.
const VERSION: u8 = 2;

#[derive(Serialize, Deserialize)]
struct Message {
    v: u8,
    job_id: Uuid,
    token: i64,
}

/// The body of a message.
pub fn encode(message: &JobMessage) -> Vec<u8> {
    let (job_id, token) = (message.job_id.uuid(), message.token);
    // A struct of ids and numbers has nothing that could not be written.
    serde_json::to_vec(&Message { v: VERSION, job_id, token }).unwrap_or_default()
}

/// The message in a body from the queue of this urgency, or why there is none.
pub fn decode(body: &[u8], urgency: Urgency) -> Result<JobMessage, String> {
    let message: Message = serde_json::from_slice(body).map_err(|error| error.to_string())?;
    if message.v != VERSION {
        return Err(format!("version {} is not known", message.v));
    }
    Ok(JobMessage { job_id: message.job_id.into(), urgency, token: message.token })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_read_back_and_others_are_refused() {
        let (job_id, urgency) = (Uuid::nil().into(), Urgency::High);
        let message = JobMessage { job_id, urgency, token: 7 };
        let body = encode(&message);
        let text = String::from_utf8(body.clone()).unwrap();
        assert_eq!(text, r#"{"v":2,"job_id":"00000000-0000-0000-0000-000000000000","token":7}"#);
        assert_eq!(decode(&body, urgency), Ok(message));
        assert!(decode(text.replace("\"v\":2", "\"v\":1").as_bytes(), urgency).is_err());
        assert!(decode(b"hello", urgency).is_err());
    }
}
